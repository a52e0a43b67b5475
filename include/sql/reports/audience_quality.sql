-- How good some audiences of a snapshot are.
select
  audience, method, size, customers, seeds, effective_seeds, recall, recall_low, recall_high, lift, lift_low, lift_high,
  predicted, observed, observed_low, observed_high
from {bi}.audience_quality
where as_of = %(as_of)s and audience = any (%(audiences)s)
order by audience, method, size;

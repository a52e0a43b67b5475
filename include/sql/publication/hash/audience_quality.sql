-- audience_quality in a fixed order, for its hash.
select
  as_of, audience, method, size, customers, seeds, recall, recall_low, recall_high, lift, lift_low, lift_high, predicted,
  predicted_lift, observed, observed_low, observed_high
from audience_quality
where as_of in (select as_of from snapshots where status = 'published')
order by as_of, audience, method, size

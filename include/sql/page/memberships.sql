-- The audiences of a snapshot that a customer is in.
select audience, rank, percentile, probability, tier, role, reasons
from {bi}.audience_members
where as_of = %(as_of)s and customer_id = %(customer_id)s
order by audience;

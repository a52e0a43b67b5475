-- Some members of an audience of a snapshot, by rank, after a given one.
select customer_id::text as customer_id, rank, score, percentile, probability, tier, role, reasons
from {bi}.audience_members
where as_of = %(as_of)s and audience = %(audience)s and rank > %(after)s
order by rank
limit %(most)s;

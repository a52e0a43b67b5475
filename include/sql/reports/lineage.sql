-- How many segments of an algorithm were kept, split, merged, were born or died in a snapshot, since the one before. A date
-- that was built before an earlier one may have been told of another one, or of none: that says nothing of this pair.
select event, count(*) as segments, sum(size)::bigint as customers
from {bi}.cluster_lineage
where as_of = %(as_of)s and algorithm = %(algorithm)s and reference_as_of = %(since)s
group by event
order by event;

-- How many segments of an algorithm were kept, split, merged, were born or died in a snapshot, since the one before. A snapshot
-- that was built before an earlier date was compared with another one, or with none: its events do not describe this pair.
select event, count(*) as segments, sum(size)::bigint as customers
from {bi}.cluster_lineage
where as_of = %(as_of)s and algorithm = %(algorithm)s and reference_as_of = %(since)s
group by event
order by event;

-- How many segments of an algorithm were kept, split, merged, were born or died in a snapshot.
select event, count(*) as segments, sum(size)::bigint as customers
from {bi}.cluster_lineage
where as_of = %(as_of)s and algorithm = %(algorithm)s
group by event
order by event;

-- Clusters of each algorithm in a table, and its share of noise.
select algorithm, count(distinct cluster_id) filter (where cluster_id >= 0), avg((cluster_id < 0)::integer)::real, count(*)
from {table}
group by 1
order by 1;

-- Segments of the current snapshot, the largest first, with the outcome that best separates them: a
-- share, if there is one. Noise (cluster -1) comes last.
with outcome as (
  select column_name, value
  from {bi}.cluster_profiles_current
  where role = 'label' and kind <> 'date'
  group by column_name, value
  order by bool_or(kind = 'numeric'), sum(abs(effect) * customers) desc nulls last, column_name, value
  limit 1
)

select *
from (
  select
    summary.algorithm,
    summary.cluster_id,
    summary.customers,
    summary.name,
    nullif(concat_ws(' ', outcome.column_name, outcome.value), '') as outcome,
    found.kind <> 'numeric' as is_share,
    coalesce(found.share, found.mean) as estimate,
    coalesce(found.everyone_share, found.everyone_mean) as everyone,
    found.is_different
  from {bi}.cluster_summary_current as summary
  left join outcome on true
  left join {bi}.cluster_profiles_current as found
    on found.algorithm = summary.algorithm
    and found.cluster_id = summary.cluster_id
    and found.role = 'label'
    and found.column_name = outcome.column_name
    and found.value is not distinct from outcome.value
  union all
  select
    algorithm, -1, count(*), 'noise', null, null, null, null, null
  from {bi}.clusters_current
  where cluster_id = -1
  group by algorithm
) as segments
order by algorithm, cluster_id = -1, customers desc, cluster_id

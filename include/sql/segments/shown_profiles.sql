-- The profiles of the segments that readers see. Every column but as_of depends on the snapshot and the algorithm being
-- shown: EXPLAIN (ANALYZE) would else count the rows of others that pass a condition.
create or replace view {space}.shown_profiles as
with shown as materialized (select as_of, is_hidden, hidden_algorithms from {space}.shown_snapshots)
select
  found.as_of,
  case when found.is_shown then found.algorithm end as algorithm,
  case when found.is_shown then found.cluster_id end as cluster_id,
  case when found.is_shown then found.label end as label,
  case when found.is_shown then found.name end as name,
  case when found.is_shown then found.customers end as customers,
  case when found.is_shown then found.share end as share,
  case when found.is_shown then found.medoid_id end as medoid_id,
  case when found.is_shown then found.membership end as membership,
  case when found.is_shown then found.profile end as profile,
  case when found.is_shown then found.items end as items,
  found.is_hidden
from (
  select profiles.*, shown.is_hidden, profiles.algorithm <> all (shown.hidden_algorithms) as is_shown
  from {space}.cluster_profiles as profiles
  join shown using (as_of)
) as found
where found.is_shown;

comment on view {space}.shown_profiles is 'The profiles of the segments that readers see.';

-- The customers of the current snapshot: the values that it was made of, in the columns of the spec that it was
-- published with, and their segments. So this text depends on the spec, as no other does; publish and withdraw make it
-- anew with the pointer. A column that has become private since is null at once. All that may be hidden depends on the
-- snapshot, so that no condition on it is tested before the joins, where EXPLAIN (ANALYZE) would count what passes.
create or replace view {bi}.customers with (security_barrier) as
with settings as materialized (
  select
    placed.as_of,
    coalesce(published.unchanged_since, placed.as_of) as stored_as_of,
    (select known.filterable from {space}.reader_settings as known limit 1) as filterable,
    snapshots.hidden_algorithms
  from ({current}) as placed
  join {space}.snapshots as published using (as_of)
  left join {space}.shown_snapshots as snapshots using (as_of)
),
shown as materialized (
  select settings.as_of, settings.stored_as_of{flags}
  from settings
),
names as materialized (
  select profiles.algorithm, profiles.cluster_id, ({shown_name}) as name
  from {space}.cluster_profiles as profiles
  where profiles.as_of = (select shown.as_of from shown)
)
select
  shown.as_of,
  placed.customer_id::{key_type} as customer_id{shown_columns}
from {space}.customer_map as placed
cross join shown
left join {space}.customer_versions as version
  on version.customer_id = placed.customer_id and version.updated_at = placed.updated_at
{joins}
where placed.as_of = (select shown.stored_as_of from shown);

comment on view {bi}.customers is 'The customers of the current snapshot with the columns of the spec, as the source had them then, and their segments. Texts and private columns are left out.';
comment on column {bi}.customers.as_of is 'The snapshot.';
comment on column {bi}.customers.customer_id is 'The customer.';
{comments}

-- By what bi reads the current snapshot: one row, the settings it was published with, less the columns that have
-- been called private since, and less what was made with their signs. Views and functions read it at query time, so that publish changes what they show
-- by changing a row. hidden are the private features of the current snapshot that readers cannot compare
-- customers by; private_reason matches what the reason of a rejection says of private columns.
create or replace view {space}.reader_settings as
select
  snapshots.metric,
  hidden.private,
  array(
    select payload.column_name
    from (
      select 1 as part, feature.*
      from json_object_keys(snapshots.settings -> 'features') with ordinality as feature (column_name, position)
      union all
      select 2, label.*
      from json_array_elements_text(snapshots.settings -> 'labels') with ordinality as label (column_name, position)
    ) as payload
    where payload.column_name <> all (hidden.private)
      -- Conditions are on rows of customers, which have no features of events.
      and snapshots.settings -> 'features' -> payload.column_name -> 'of' is null
    order by payload.part, payload.position
  ) as filterable,
  (snapshots.settings #>> '{{clustering,plpython,memory_mb}}')::integer as memory_mb,
  array(
    select features.column_name
    from {space}.hidden_columns as features
    where snapshots.settings is null or snapshots.settings -> 'features' -> features.column_name is not null
    union
    select signed.column_name
    from {space}.signed_features as signed
    where signed.as_of = snapshots.as_of and signed.hides_distances and signed.column_name is not null
    order by column_name
  ) as hidden,
  (
    select '(^|; )(' || string_agg(regexp_replace(column_name, '(\W)', '\\\1', 'g'), '|') || '): [^;]*'
    from unnest(hidden.private) as names (column_name)
  ) as private_reason
from {space}.current_snapshot
left join {space}.snapshots using (as_of)
cross join lateral (
  select array(
    select json_array_elements_text(snapshots.settings -> 'private')
    union
    select column_name from {space}.private_columns
    union
    select signed.column_name
    from {space}.signed_features as signed
    where signed.as_of = snapshots.as_of and signed.column_name is not null
  )
) as hidden (private);

comment on view {space}.reader_settings is 'The settings by which bi reads the current snapshot.';

-- A snapshot is read by the settings it was published with. Those of earlier ones are in their builds; if a
-- later build has replaced it, the metric is that of the generation of embeddings that served then.
alter table snapshots
  add column settings json,
  add column metric text generated always as (settings ->> 'metric') stored;

comment on column snapshots.settings is 'The whole spec as it was when the published build began.';
comment on column snapshots.metric is 'The metric of its distances.';

update snapshots
set settings = case
  when builds.settings_hash = snapshots.settings_hash then builds.settings
  else (builds.settings::jsonb || jsonb_build_object('metric', coalesce(
    (
      select index_builds.metric from index_builds
      where index_builds.as_of <= snapshots.as_of
      order by index_builds.as_of desc, index_builds.generation desc
      limit 1
    ),
    builds.settings ->> 'metric'
  )))::json
end
from snapshot_builds as builds
where builds.as_of = snapshots.as_of and snapshots.published_at is not null;

create table private_columns (
  column_name text primary key,
  demanded_at timestamptz not null default now()
);

comment on table private_columns is 'Columns that bi hides: those a spec has called private since the current snapshot was built.';
comment on column private_columns.demanded_at is 'When a run with such a spec was last prepared.';

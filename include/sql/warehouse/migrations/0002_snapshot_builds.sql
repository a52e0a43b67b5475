-- The newest try at computing each snapshot: its settings, its progress, and why it failed. The
-- settings are json, not jsonb, which would forget the order of the features.
-- A published snapshot keeps serving while a build for the same moment is under way.
create table snapshot_builds (
  as_of timestamptz primary key,
  run_id text not null,
  state text not null check (state in ('building', 'published', 'empty', 'failed')),
  window_start timestamptz not null,
  settings json not null,
  settings_hash text not null,
  encoder_version integer,
  may_fit boolean not null,
  facts jsonb not null default '{{}}',
  stage_seconds jsonb not null default '{{}}',
  started_at timestamptz not null default now(),
  failed_task text,
  failure text
);

-- The table of migrations that have been applied to this space.
create table if not exists applied_migrations (
  name text primary key,
  applied_at timestamptz not null default now()
);

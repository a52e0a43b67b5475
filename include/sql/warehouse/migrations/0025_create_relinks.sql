-- Every time that the cluster ids of published snapshots were linked anew, with what that changed.
-- A build that has taken its ids before must not be published after.
create table relinks (
  number integer primary key,
  relinked_at timestamptz not null default now(),
  changes jsonb not null
);

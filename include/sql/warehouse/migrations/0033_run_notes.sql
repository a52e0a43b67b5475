-- What is known of a snapshot's runs that no build can tell: that the scheduled one was late, and why
-- the newest failed before it could begin a build.
create table run_notes (
  as_of timestamptz primary key,
  missed_deadline_at timestamptz,
  failed_task text,
  failure text
);

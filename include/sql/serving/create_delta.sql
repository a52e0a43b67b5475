-- Staged changes of a run, to be applied by publish; a row without embedding is a deleted customer.
-- Logged, because a crash empties unlogged tables, and publish would then apply no changes. Without a
-- primary key, because it is read once and as a whole: the generation has one.
create table {table} (
  customer_id customer_key not null,
  embedding vector({dimensions}),
  updated_at timestamptz,
  encoder_version integer
);

-- Where the changes of a run wait for publish; a row without embedding is a customer who is gone.
-- Logged: a server that crashes empties unlogged tables, and publish would find no change.
create table {table} (
  customer_id customer_key primary key,
  embedding vector({dimensions}),
  updated_at timestamptz,
  encoder_version integer
);

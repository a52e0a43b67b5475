-- Raw rows that cannot be used, with the reason; a customer's earlier version stays in force.
-- The key is the content, so that reading the same row again adds nothing.
create table rejected_rows (
  row_hash text not null,
  reason text not null,
  customer_id text,
  updated_at timestamptz,
  raw jsonb not null,
  primary key (row_hash, reason)
);

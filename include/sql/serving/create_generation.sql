-- The table of a new generation.
create table {table} (
  customer_id customer_key not null,
  embedding vector({dimensions}) not null,
  updated_at timestamptz not null,
  encoder_version integer not null
);

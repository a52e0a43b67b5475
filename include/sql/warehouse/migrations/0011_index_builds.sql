-- Every generation of customer_embeddings: the table, its index, and how good the index is.
-- recall_at_k and query_milliseconds were measured at the stored probes.
create table index_builds (
  generation integer generated always as identity primary key,
  as_of timestamptz not null,
  table_name text,
  state text not null check (state in ('building', 'ready', 'serving', 'retired')),
  metric text not null,
  encoder_version integer not null,
  dimensions integer not null,
  rows bigint,
  method text,
  lists integer,
  probes integer,
  k integer,
  recall_at_k real,
  recall_sample integer,
  query_milliseconds real,
  build_seconds real,
  index_bytes bigint,
  built_at timestamptz not null default now()
);

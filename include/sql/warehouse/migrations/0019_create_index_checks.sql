-- What every night found of the index that served, and whether it was built anew.
-- recall_at_k was measured on the serving index at its stored probes, before the night's changes.
create table index_checks (
  as_of timestamptz primary key,
  generation integer not null,
  rebuild text not null,
  target_recall real not null,
  recall_at_k real,
  recall_low real,
  recall_high real,
  recall_sample integer,
  rows_at_build bigint,
  rows bigint not null,
  changed_rows bigint not null,
  is_rebuilt boolean not null,
  reason text not null,
  checked_at timestamptz not null default now()
);

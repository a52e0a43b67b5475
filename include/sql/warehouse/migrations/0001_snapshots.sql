-- One row for every moment a snapshot was made for, and what BI may know of it.
-- Times and counts are those of the run that published it.
create table snapshots (
  as_of timestamptz primary key,
  status text not null check (status in ('building', 'published', 'empty', 'failed', 'withdrawn')),
  history text not null check (history in ('complete', 'reconstructed')),
  encoder_version integer,
  settings_hash text not null,
  customers bigint,
  lookalikes bigint,
  rows_landed bigint,
  rows_rejected bigint,
  recall real,
  recall_low real,
  recall_high real,
  published_at timestamptz,
  published_by text
);

create index on snapshots (status, as_of);

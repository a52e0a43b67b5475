-- What has landed: windows of updated_at, with the rows read, kept and refused.
create table extracted_windows (
  window_start timestamptz not null,
  window_end timestamptz primary key check (window_start < window_end),
  run_id text not null,
  rows_read bigint not null,
  rows_landed bigint not null,
  rows_rejected bigint not null,
  rows_deleted bigint not null,
  extracted_at timestamptz not null default now()
);

-- Exports of audiences: who took how many customers where; and the customers, members and control group, whom results
-- compare later.
create table audience_exports (
  number integer generated always as identity primary key,
  audience text not null,
  as_of timestamptz not null,
  tier double precision not null,
  status text not null default 'unfinished' check (status in ('unfinished', 'finished')),
  exported_at timestamptz not null,
  exported_by text not null,
  login text not null default session_user,
  destination text not null,
  column_name text,
  hashing text not null check (hashing in ('none', 'sha256', 'hmac')),
  members bigint not null,
  control bigint not null,
  left_out bigint not null,
  lines bigint,
  digest text,
  failure text,
  outcome jsonb,
  used_columns text[] not null
);

comment on table audience_exports is 'One row per export of an audience, recorded before its file is made. It stays.';
comment on column audience_exports.as_of is 'The snapshot whose members they are.';
comment on column audience_exports.tier is 'The size of the audience that was exported: a share of the pool.';
comment on column audience_exports.status is 'unfinished until the file is complete, or the endpoint has accepted it; for good where that failed.';
comment on column audience_exports.exported_at is 'When the customers were frozen; the days of the outcome begin then.';
comment on column audience_exports.exported_by is 'The user and machine that ran the command.';
comment on column audience_exports.login is 'The login of the warehouse.';
comment on column audience_exports.destination is 'The path of the file, or the id of the connection.';
comment on column audience_exports.column_name is 'The column of the source that was exported; null for the ids.';
comment on column audience_exports.control is 'Customers of the control group, of the same tier; not in the file.';
comment on column audience_exports.left_out is 'Customers of the tier who had been erased or excluded since the snapshot; not in the file, and not compared.';
comment on column audience_exports.lines is 'Members in the file; others have no value in the column.';
comment on column audience_exports.digest is 'sha256 of the file.';
comment on column audience_exports.failure is 'Why it is unfinished, if that is known.';
comment on column audience_exports.outcome is 'What the audience''s file said of its outcome in that snapshot; null if nothing.';
comment on column audience_exports.used_columns is 'The columns that the audience''s file named. If one of them is private, readers do not see the results.';

create table audience_export_customers (
  number integer not null references audience_exports,
  customer_id customer_key not null,
  role text not null check (role in ('member', 'control')),
  primary key (number, customer_id)
);

create index on audience_export_customers (customer_id);

comment on table audience_export_customers is 'Members and control group of an export, as they were then. Erased customers leave it; the counts of the export stay.';

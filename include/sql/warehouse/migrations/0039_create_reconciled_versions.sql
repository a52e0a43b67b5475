-- Versions of customers that no window had brought: they are dated at the end of the window in which they
-- were found, so that no earlier snapshot changes. Here is the time that the source gave.
create table reconciled_versions (
  customer_id customer_key not null,
  updated_at timestamptz not null,
  source_updated_at timestamptz not null,
  primary key (customer_id, updated_at)
);
comment on column reconciled_versions.updated_at is 'As in customer_versions: the end of the window less a microsecond';
comment on column reconciled_versions.source_updated_at is 'The updated_at of the row in the source';

-- Rejected rows that the source no longer has: they do not count from then on.
alter table rejected_rows add column left_at timestamptz;

comment on column rejected_rows.left_at is 'End of the window whose comparison of keys found that the customer, or the row without a time, has left the source';

-- Raw rows that were refused and why; the raw values themselves stay in the internal schema.
create or replace view {bi}.rejected_rows as
select
  customer_id,
  updated_at,
  reason
from {space}.rejected_rows;

comment on view {bi}.rejected_rows is 'Source rows that could not be used, with the reason.';
comment on column {bi}.rejected_rows.customer_id is 'The key as text, where the row had one.';
comment on column {bi}.rejected_rows.updated_at is 'The row''s time of change, where it had one.';
comment on column {bi}.rejected_rows.reason is 'Why the row was refused, column by column.';

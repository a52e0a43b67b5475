-- Raw rows that were rejected, and why; their raw values stay in the internal schema. What is wrong with a
-- private column is not said.
create or replace view {bi}.rejected_rows with (security_barrier) as
select
  customer_id,
  updated_at,
  coalesce(regexp_replace(reason, {private_reason}, '\1a private column: not usable', 'g'), reason) as reason
from {space}.rejected_rows
cross join lateral generate_series(1, source_rows);

comment on view {bi}.rejected_rows is 'One row per source row that could not be used, with the reason.';
comment on column {bi}.rejected_rows.customer_id is 'The key as text, if the row had one: as it was, if it cannot be used.';
comment on column {bi}.rejected_rows.updated_at is 'The row''s updated_at, if it had one.';
comment on column {bi}.rejected_rows.reason is 'Why the row was rejected, column by column; private columns are not named.';

-- Events that were rejected, and why; their raw values stay in the internal schema. What is wrong with a private
-- column is not said.
create or replace view {bi}.rejected_events with (security_barrier) as
select
  event,
  customer_id,
  at,
  coalesce(regexp_replace(reason, {private_reason}, '\1a private column: not usable', 'g'), reason) as reason
from {space}.rejected_events
cross join lateral generate_series(1, source_rows);

comment on view {bi}.rejected_events is 'One row per event of the source that could not be used, with the reason. A row that is corrected leaves it when its day is read again.';
comment on column {bi}.rejected_events.event is 'The name of the events in the spec.';
comment on column {bi}.rejected_events.customer_id is 'The customer''s key as text, if the event had one: as it was, if it cannot be used.';
comment on column {bi}.rejected_events.at is 'When it happened, if it had a time.';
comment on column {bi}.rejected_events.reason is 'Why it was rejected, column by column; private columns are not named.';

-- Withdraw events in force that are not in the source as they were, within the intervals that were read.
with withdrawn as (
  update {events} as known
  set withdrawn_at = %(window_end)s::timestamptz
  where known.withdrawn_at is null
    and {nearby} and known.at <@ %(read)s::tstzmultirange
    and not exists (select from arrivals where arrivals.identity = known.identity and {same})
  returning known.customer_id, known.at
)
insert into changed_events (customer_id, at, is_new) select customer_id, at, false from withdrawn;

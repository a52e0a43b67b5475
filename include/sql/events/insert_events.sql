-- Add the events that are not in force yet.
with added as (
  insert into {events} (customer_id, at, identity, landed_at{further_columns})
  select customer_id, at, identity, %(window_end)s::timestamptz{further_columns}
  from arrivals
  where not exists (
    select from {events} as known
    where known.identity = arrivals.identity and known.at = arrivals.at and known.withdrawn_at is null
      and {nearby} and known.at <@ %(read)s::tstzmultirange
  )
  returning customer_id, at
)
insert into changed_events (customer_id, at, is_new) select customer_id, at, true from added;

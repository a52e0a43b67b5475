-- Record that events have landed.
insert into event_sources (event, definition, landed_until, landings, reconciled_month)
values (%(event)s, %(definition)s, %(window_end)s, 1, %(reconciled_month)s)
on conflict (event) do update
set
  definition = excluded.definition,
  landed_until = case
    when event_sources.definition = excluded.definition
      then greatest(event_sources.landed_until, excluded.landed_until)
    else excluded.landed_until
  end,
  landings = event_sources.landings + 1,
  reconciled_month = excluded.reconciled_month;

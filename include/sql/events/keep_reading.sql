-- Record what a run has read.
insert into event_readings (landing, event, definition, landings, starts, ends, days, rows_read, reconciled_month)
values (
  %(landing)s, %(event)s, %(definition)s, %(landings)s, %(starts)s::timestamptz[], %(ends)s::timestamptz[],
  %(days)s::date[], %(rows_read)s::bigint[], %(reconciled_month)s
)
on conflict (landing) do update
set
  event = excluded.event,
  definition = excluded.definition,
  landings = excluded.landings,
  starts = excluded.starts,
  ends = excluded.ends,
  days = excluded.days,
  rows_read = excluded.rows_read,
  reconciled_month = excluded.reconciled_month;

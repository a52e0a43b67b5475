-- Record the window that has landed, and what it brought. A window that is read once more keeps its start.
insert into event_windows (
  event, window_start, window_end, run_id, events_read, events_landed, events_rejected, events_withdrawn, events_late
)
values (
  %(event)s, least(coalesce(%(landed_until)s::timestamptz, '-infinity'), %(window_end)s::timestamptz),
  %(window_end)s, %(run_id)s, %(events_read)s, %(events_landed)s, %(events_rejected)s, %(events_withdrawn)s, %(events_late)s
)
on conflict (event, window_end) do update
set
  run_id = excluded.run_id,
  events_read = excluded.events_read,
  events_landed = event_windows.events_landed + excluded.events_landed,
  events_rejected = excluded.events_rejected,
  events_withdrawn = event_windows.events_withdrawn + excluded.events_withdrawn,
  events_late = event_windows.events_late + excluded.events_late;

-- What the newest landings of a window have brought, of all events together.
select
  coalesce(sum(events_read), 0)::bigint as events_read,
  coalesce(sum(events_landed), 0)::bigint as events_landed,
  coalesce(sum(events_rejected), 0)::bigint as events_rejected,
  coalesce(sum(events_withdrawn), 0)::bigint as events_withdrawn,
  coalesce(sum(events_late), 0)::bigint as events_late,
  (select coalesce(sum(source_rows), 0) from rejected_events where at is null)::bigint as events_undated
from event_windows
where window_end = %(window_end)s;

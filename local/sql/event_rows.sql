-- What became of the rows of a file of events: how many landed, and how many were rejected for which reason.
select 'landed' as what, coalesce(sum(events_landed), 0)::bigint as rows, null as reason
from {space}.event_windows
union all
(
  select 'rejected', sum(source_rows)::bigint, reason
  from {space}.rejected_events
  group by reason
  order by sum(source_rows) desc, reason
)

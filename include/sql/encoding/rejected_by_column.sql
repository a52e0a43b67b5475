-- Rejected rows of a window (and those without a time) by the columns named in their reasons.
select asked.column_name, coalesce(sum(refused.source_rows), 0)::bigint
from unnest(%(columns)s::text[]) as asked (column_name)
left join rejected_rows as refused
  on strpos('; ' || refused.reason, '; ' || asked.column_name || ': ') > 0
  and (
    (refused.updated_at is null and (refused.left_at is null or refused.left_at > %(window_end)s::timestamptz))
    or (refused.updated_at >= %(window_start)s::timestamptz and refused.updated_at < %(window_end)s::timestamptz)
  )
group by asked.column_name;

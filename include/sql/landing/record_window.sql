-- Note that a window has landed.
insert into extracted_windows
  (window_start, window_end, run_id, rows_read, rows_landed, rows_rejected, rows_deleted)
select
  %(window_start)s::timestamptz, %(window_end)s::timestamptz, %(run_id)s,
  count(*),
  count(*) filter (where not exists (select from problems where problems.row_id = landed.ctid)),
  count(*) filter (where exists (select from problems where problems.row_id = landed.ctid)),
  %(rows_deleted)s
from {landing} as landed
where landed.updated_at is null
  or (landed.updated_at >= %(window_start)s::timestamptz and landed.updated_at < %(window_end)s::timestamptz)
on conflict (window_end) do nothing;

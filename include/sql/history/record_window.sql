-- Record that a window has landed. Rows without a finite time count in every window.
insert into extracted_windows
  (
    window_start, window_end, run_id, rows_read, rows_landed, rows_rejected, rows_deleted, landed_columns,
    source_definition
  )
select
  %(window_start)s::timestamptz, %(window_end)s::timestamptz, %(run_id)s,
  count(*),
  count(*) filter (where problem.row_id is null),
  count(problem.row_id),
  0,
  %(landed_columns)s::text[],
  %(source_definition)s::jsonb
from {landing} as landed
left join (select distinct row_id from problems) as problem on problem.row_id = landed.ctid
where isfinite(landed.updated_at) is not true
  or (landed.updated_at >= %(window_start)s::timestamptz and landed.updated_at < %(window_end)s::timestamptz)
on conflict (window_end) do nothing;

-- Whether no comparison of keys has been recorded for some time before a window's end.
select coalesce(max(window_end) <= %(window_end)s::timestamptz - %(interval)s, true)
from extracted_windows
where missing_customers is not null;

-- Source rows of some keys that are dated before the end of the window.
select {columns}
from {relation} as source_rows
where {has_key}
  and {moment} > '-infinity' and {moment} < %(window_end)s::timestamptz
  and ({condition});

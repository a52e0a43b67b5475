-- The end of the newest window that has landed, how its source was defined and which columns it brought; what earlier
-- releases did not record, or their tables do not have, is null.
select
  window_end,
  to_jsonb(windows) -> 'source_definition',
  array(select jsonb_array_elements_text(nullif(to_jsonb(windows) -> 'landed_columns', 'null')))
from {windows} as windows
order by window_end desc
limit 1;

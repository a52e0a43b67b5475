-- At most a given number of a table's rows, as a sample of what its columns hold: rows are chosen by
-- their key, so each call returns the same ones.
select {columns}
from {relation} as source_rows
where (
    %(share)s::float8 >= 1
    or (hashtextextended({key}::text, 0) & 1048575) < %(share)s::float8 * 1048576
  )
  and ({condition})
limit %(row_limit)s::bigint;

-- A share of a table's rows, at most so many, for a look at what its columns hold: the same rows each
-- time, chosen by their key.
select {columns}
from {relation} as source_rows
where %(share)s::float8 >= 1
  or (hashtextextended({key}::text, 0) & 1048575) < %(share)s::float8 * 1048576
limit %(row_limit)s::bigint;

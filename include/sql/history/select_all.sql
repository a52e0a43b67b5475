-- All source rows, for a source that does not say when a row changed.
select {columns}
from {relation} as source_rows
where ({condition})
limit nullif(%(row_limit)s::bigint, 0);

-- The first rows of a source, as they come.
select {columns} from {relation} as source_rows where ({condition}) limit %(row_limit)s::bigint;

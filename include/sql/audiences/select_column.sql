-- The ids of a table.
select {column} from {table} as source_rows where ({condition})

-- All keys of the source with the time and tombstone of their rows, to compare with the history.
select {columns} from {relation} as source_rows where ({condition}) and {key} is not null

-- All keys of the source (null is none, and its rows are to be rejected) with the time and tombstone of their rows, to compare with the history.
select {columns} from {relation} as source_rows where ({condition})

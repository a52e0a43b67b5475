-- The snapshot whose partitions hold the rows of a snapshot: its own, or the earlier one's that it shares.
select coalesce(unchanged_since, as_of) from snapshots where as_of = %(as_of)s;

-- The statuses of the given snapshots, as far as they exist.
select as_of, status from snapshots where as_of = any(%(as_ofs)s::timestamptz[]);

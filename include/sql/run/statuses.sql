-- The states of some snapshots, of those that there are.
select as_of, status from snapshots where as_of = any(%(as_ofs)s::timestamptz[]);

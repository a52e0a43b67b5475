-- When a snapshot was published last.
select published_at from snapshots where as_of = %(as_of)s;

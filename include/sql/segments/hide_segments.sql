-- Readers no longer see the segments of some algorithms in an earlier snapshot.
update snapshots
set hidden_algorithms = hidden_algorithms || %(algorithms)s::text[]
where as_of = %(as_of)s;

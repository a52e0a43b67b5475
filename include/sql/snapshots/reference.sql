-- The snapshot whose cluster ids are continued: the nearest published one at or before a moment,
-- else the nearest after it.
select as_of
from snapshots
where status = 'published'
order by (as_of > %(as_of)s), abs(extract(epoch from as_of - %(as_of)s::timestamptz))
limit 1;

-- audience_overlap in a fixed order, for its hash.
select as_of, audience, other, customers, share
from audience_overlap
where as_of in (select as_of from snapshots where status = 'published')
order by as_of, audience, other

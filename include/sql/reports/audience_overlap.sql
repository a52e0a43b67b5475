-- Whom some audiences of a snapshot share.
select audience, other, customers, share
from {bi}.audience_overlap
where as_of = %(as_of)s and audience = any (%(audiences)s) and other = any (%(audiences)s)
order by audience, other;

-- How a population has been resolved for a date.
select given, warnings
from audience_resolutions
where as_of = %(as_of)s and audience = %(audience)s and role = %(role)s and digest = %(digest)s;

-- The newest export of the same customers to the same place that was written and is not recorded as finished.
select number, members, control, left_out, lines, digest
from audience_exports
where status = 'unfinished' and digest is not null
  and audience = %(audience)s and as_of = %(as_of)s and tier = %(tier)s and destination = %(destination)s
  and column_name is not distinct from %(column)s and hashing = %(hashing)s
order by number desc
limit 1;

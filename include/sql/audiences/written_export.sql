-- The newest export of the same customers to the same place that was written and is not recorded as finished; none if
-- a later one to that place is finished, since the file is then that one's.
select number, members, control, left_out, lines, digest
from audience_exports
where status = 'unfinished' and digest is not null
  and audience = %(audience)s and as_of = %(as_of)s and tier = %(tier)s and destination = %(destination)s
  and column_name is not distinct from %(column)s and hashing = %(hashing)s
  and not exists (
    select from audience_exports as later
    where later.destination = audience_exports.destination
      and later.status = 'finished'
      and later.number > audience_exports.number
  )
order by number desc
limit 1;

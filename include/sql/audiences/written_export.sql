-- The newest export of the same customers to the same place that was written and is not recorded as finished; none if
-- a finished one has the file: a later one to that place, or one that wrote the same there at the same time.
select number, members, control, left_out, lines, digest
from audience_exports
where status = 'unfinished' and digest is not null
  and audience = %(audience)s and as_of = %(as_of)s and tier = %(tier)s and destination = %(destination)s
  and column_name is not distinct from %(column)s and hashing = %(hashing)s
  and not exists (
    select from audience_exports as finished
    where finished.status = 'finished'
      and finished.destination = audience_exports.destination
      and (finished.number > audience_exports.number or finished.digest = audience_exports.digest)
  )
order by number desc
limit 1;

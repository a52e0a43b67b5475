-- One column of the source, as text, for some customers: of the newest row of each, unless that one is deleted.
select newest.key, newest.value
from (
  select distinct on (found.key) found.key, found.value, found.is_deleted
  from (
    select ({key})::text as key, {moment} as moment, {is_deleted} as is_deleted, {column}::text as value
    from {relation} as source_rows
    where {has_key} and ({condition})
  ) as found
  order by found.key, found.moment desc nulls last, found.value
) as newest
where not newest.is_deleted and newest.value is not null;

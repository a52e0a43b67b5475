-- Land the items that are new or have changed, and those that are gone, which are no longer available. Of several rows
-- with one key, an available one counts, with the first name. No event has a longer item.
with found as (
  select distinct on (item) item, name, is_available
  from {table}
  where octet_length(item) <= %(most_bytes)s
  order by item, is_available desc, name collate "C"
),
known as (
  select distinct on (item) item, name, is_available
  from catalogue_versions
  where landed_at < %(as_of)s
  order by item, landed_at desc
)
insert into catalogue_versions (item, landed_at, name, is_available)
select item, %(as_of)s, case when found.is_available is null then known.name else found.name end, coalesce(found.is_available, false)
from found
full join known using (item)
where known.is_available is null
  or (found.is_available is null and known.is_available)
  or (
    found.is_available is not null
    and (found.name, found.is_available) is distinct from (known.name, known.is_available)
  );

-- Per snapshot of ``target``, how many of its customers have got or lost an event before it. Without a table of
-- customers, anybody who has an event is one.
with changed as (
  select customer_id, min(at) as at
  from changed_events
  where at < (select max(as_of) from target)
  group by customer_id
)
select target.as_of, count(*) as customers
from target
join changed on changed.at < target.as_of
where {is_anybody} or coalesce(
  (
    select not version.is_deleted
    from customer_versions as version
    where version.customer_id = changed.customer_id and version.updated_at < target.as_of
    order by version.updated_at desc
    limit 1
  ),
  false
)
group by target.as_of

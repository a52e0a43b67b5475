-- Per snapshot of ``target``, how many customers the rows about to be accepted would change: rows that are new, and
-- newer than the version in force in that snapshot. Deleting a customer who is not in the snapshot changes nothing.
with late as (
  select distinct landed.customer_id::customer_key as customer_id, landed.updated_at, landed.is_deleted
  from {landing} as landed
  where landed.updated_at < (select max(as_of) from target)
    and not exists (select from problems where problems.row_id = landed.ctid)
    and not exists (
      select from customer_versions as version
      where version.customer_id = landed.customer_id and version.updated_at = landed.updated_at
    )
)
select target.as_of, count(*) as customers
from target
cross join lateral (
  select distinct on (late.customer_id) late.customer_id, late.updated_at, late.is_deleted
  from late
  where late.updated_at < target.as_of
  order by late.customer_id, late.updated_at desc
) as newest
left join lateral (
  select version.updated_at, version.is_deleted
  from customer_versions as version
  where version.customer_id = newest.customer_id and version.updated_at < target.as_of
  order by version.updated_at desc
  limit 1
) as in_force on true
where (in_force.updated_at is null or in_force.updated_at < newest.updated_at)
  and not (newest.is_deleted and coalesce(in_force.is_deleted, true))
group by target.as_of

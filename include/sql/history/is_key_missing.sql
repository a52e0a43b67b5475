-- Whether counts of the source prove that a row is missing: the source has more keys, more customers, or a newer
-- row, than have landed, are about to land, were rejected or were erased; or it has no fewer keys and fewer
-- customers, so that somebody has got a tombstone. Equal counts prove nothing.
-- Customers of whom every row was rejected are missing as long as they are in the source: the row may have
-- been corrected.
with in_force as (
  select distinct on (customer_id) customer_id, is_deleted
  from customer_versions
  where updated_at < %(window_end)s::timestamptz
  order by customer_id, updated_at desc
)
select
  %(dated_keys)s > (select count(*) from in_force)
    + (
      select count(distinct customer_id) from {landing} as landed
      where not exists (select from in_force where in_force.customer_id = landed.customer_id)
    )
    + (select count(*) from suppressed)
  or %(dated_customers)s > (select count(*) from in_force where not is_deleted)
    + (
      select count(distinct customer_id) from {landing} as landed
      where not is_deleted
        and not exists (select from in_force where in_force.customer_id = landed.customer_id and not in_force.is_deleted)
    )
    + (select count(*) from suppressed)
  or (
    %(dated_keys)s >= (select count(*) from in_force)
    and %(dated_customers)s < (select count(*) from in_force where not is_deleted)
      - (
        select count(distinct customer_id) from {landing} as landed
        where is_deleted
          and exists (select from in_force where in_force.customer_id = landed.customer_id and not in_force.is_deleted)
      )
  )
  or coalesce(
    %(newest)s::timestamptz > greatest(
      (
        select max(updated_at) from customer_versions as version
        where not exists (
          select from reconciled_versions as found
          where found.customer_id = version.customer_id and found.updated_at = version.updated_at
        )
      ),
      (select max(source_updated_at) from reconciled_versions),
      (select max(updated_at) from {landing} where isfinite(updated_at)),
      (select max(updated_at) from rejected_rows)
    ),
    false
  );

-- Keys of the source that nothing accounts for, as arrays of at most so many: the key is not known, and its
-- newest row before the window's end is no tombstone, is not about to land and was not rejected.
-- Few keys are unknown, so they are found first.
with unknown as materialized (
  select customer_id, updated_at, is_deleted
  from {keys} as keys
  where isfinite(updated_at) and updated_at < %(window_end)s::timestamptz
    and not exists (select from customer_versions as version where version.customer_id = keys.customer_id)
),
newest as (
  select customer_id, max(updated_at) as updated_at
  from unknown
  group by customer_id
  having max(updated_at) = max(updated_at) filter (where not is_deleted)
),
missing as (
  select customer_id, (row_number() over (order by customer_id) - 1) / %(block_rows)s as block
  from newest
  where not exists (
      select from {landing} as landed
      where landed.customer_id = newest.customer_id and landed.updated_at = newest.updated_at
    )
    and not exists (
      select from rejected_rows as rejected
      where rejected.customer_id = newest.customer_id::text and rejected.updated_at = newest.updated_at
    )
)
select array_agg(customer_id)::text from missing group by block order by block;

-- Keys of the source that nothing accounts for, as arrays of at most so many. A key's newest row before the window's end
-- is not about to land, and it is of an unknown or deleted customer, newer than the version in force (where a table has
-- one row per customer: of another time, for it may have been restored), or the tombstone of a customer who is there. Keys
-- that cannot be used are an array of their own, and rows without a key a flag; those that were rejected are known.
-- EXCEPT, because it never compares each row with each: rejected_rows may have no statistics yet.
with newest as (
  select
    customer_id, max(updated_at) as updated_at,
    coalesce(max(updated_at) filter (where not is_deleted) = max(updated_at), false) as is_alive
  from {keys} as keys
  where customer_id is not null and isfinite(updated_at) and updated_at < %(window_end)s::timestamptz
  group by customer_id
),
missing as (
  select newest.customer_id, null::text as unusable_key
  from newest
  left join in_force on in_force.customer_id = newest.customer_id
  where case
      when newest.is_alive then coalesce(
        in_force.is_deleted or newest.updated_at > in_force.source_updated_at
          or (%(is_current)s and newest.updated_at < in_force.source_updated_at),
        true
      )
      else not in_force.is_deleted
    end
    and not exists (
      select from {landing} as landed
      where landed.customer_id = newest.customer_id and landed.updated_at = newest.updated_at
    )
  union all
  select null, unusable_key
  from (
    select unusable_key, updated_at
    from {keys} as keys
    where unusable_key is not null and isfinite(updated_at) and updated_at < %(window_end)s::timestamptz
    except
    select unusable_key, updated_at from {landing} as landed
    except
    select customer_id, updated_at from rejected_rows where not has_usable_key and left_at is null
  ) as unknown
  group by unusable_key
  union all
  select null, null
  from (
    select updated_at
    from {keys} as keys
    where customer_id is null and unusable_key is null
      and isfinite(updated_at) and updated_at < %(window_end)s::timestamptz
    except
    select updated_at from {landing} as landed where customer_id is null and unusable_key is null
    except
    select updated_at from rejected_rows where customer_id is null and left_at is null
  ) as unknown
  having count(*) > 0
)
select
  coalesce(array_agg(customer_id) filter (where customer_id is not null), '{{}}')::text,
  coalesce(array_agg(unusable_key) filter (where unusable_key is not null), '{{}}')::text,
  coalesce(bool_or(customer_id is null and unusable_key is null), false)
from (
  select customer_id, unusable_key, (row_number() over (order by customer_id, unusable_key) - 1) / %(block_rows)s as block
  from missing
) as numbered
group by block
order by block;

-- Customers among some keys: those whose newest row is no tombstone (keys that cannot be used among them),
-- usable keys with a row before a window's end, those whose newest row before it is no tombstone, those with a
-- row at or after it, and the newest time before it.
select
  count(*) filter (where is_alive) as customers,
  count(newest) filter (where is_usable) as dated_keys,
  count(*) filter (where is_usable and newest = newest_alive) as dated_customers,
  count(*) filter (where is_usable and is_future) as future_customers,
  (max(newest) filter (where is_usable))::text as newest  -- years BC are more than the driver can tell
from (
  select
    customer_id is not null as is_usable,
    coalesce(max(moment) filter (where not is_deleted) = max(moment), false) as is_alive,
    max(moment) filter (where isfinite(moment) and moment < %(window_end)s::timestamptz) as newest,
    max(moment) filter (where isfinite(moment) and moment < %(window_end)s::timestamptz and not is_deleted) as newest_alive,
    bool_or(isfinite(moment) and moment >= %(window_end)s::timestamptz) as is_future
  from (
    select customer_id, unusable_key, is_deleted, coalesce(updated_at, '-infinity') as moment
    from {keys} as keys (customer_id, updated_at, is_deleted, unusable_key)
    where customer_id is not null or unusable_key is not null
  ) as keys
  group by customer_id, unusable_key
) as customers;

-- Customers among some keys: those whose newest row is no tombstone, those with a row before a window's
-- end, those with a row at or after it, and the newest time before it.
select
  count(*) filter (where is_alive) as customers,
  count(newest) as dated_keys,
  count(*) filter (where is_future) as future_customers,
  max(newest) as newest
from (
  select
    coalesce(max(moment) filter (where not is_deleted) = max(moment), false) as is_alive,
    max(moment) filter (where isfinite(moment) and moment < %(window_end)s::timestamptz) as newest,
    bool_or(isfinite(moment) and moment >= %(window_end)s::timestamptz) as is_future
  from (
    select customer_id, is_deleted, coalesce(updated_at, '-infinity') as moment
    from {keys} as keys (customer_id, updated_at, is_deleted)
  ) as keys
  group by customer_id
) as customers;

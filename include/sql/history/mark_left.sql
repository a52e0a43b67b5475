-- Record which rejected rows the source no longer has, by their keys, and those without a time by that too: they
-- were corrected or deleted. Any number of rows may share a key that cannot be used, or have none, so equal ones
-- are compared once.
update rejected_rows as rejected
set left_at = %(window_end)s::timestamptz
where left_at is null
  and not exists (
    select from (
      select customer_id::text as key, isfinite(updated_at) as has_time from {keys} as keys where customer_id is not null
      union all
      select distinct coalesce(unusable_key, ''), isfinite(updated_at) from {keys} as keys where customer_id is null
    ) as present
    where present.key = coalesce(rejected.customer_id, '')
      and (rejected.updated_at is not null or present.has_time is not true)
  );

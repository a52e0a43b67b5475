-- Record which rejected rows the source no longer has, by their keys, and those without a time by that too: they
-- were corrected or deleted.
update rejected_rows as rejected
set left_at = %(window_end)s::timestamptz
where left_at is null
  and not exists (
    select from {keys} as present
    where coalesce(present.customer_id::text, present.unusable_key, '') = coalesce(rejected.customer_id, '')
      and (rejected.updated_at is not null or isfinite(present.updated_at) is not true)
  );

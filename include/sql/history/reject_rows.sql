-- Store the rejected rows with all their reasons, and how many equal ones this reading brought. A key that
-- cannot be used is shown as it was.
insert into rejected_rows (row_hash, reason, customer_id, updated_at, raw, has_usable_key, source_rows)
select distinct on (row_hash, reason)
  row_hash, reason, customer_id, updated_at, raw, has_usable_key,
  count(*) over (partition by row_hash, reason)
from (
  select
    {row_hash} as row_hash,
    refused.reason,
    coalesce(landed.customer_id::text, landed.unusable_key) as customer_id,
    case when isfinite(landed.updated_at) then landed.updated_at end as updated_at,
    to_jsonb(shown.*) as raw,
    landed.unusable_key is null as has_usable_key
  from (
    select row_id, string_agg(reason, '; ' order by reason) as reason from problems group by row_id
  ) as refused
  join {landing} as landed on landed.ctid = refused.row_id
  cross join lateral (select landed.customer_id, landed.updated_at, landed.is_deleted{payload}) as shown
) as rejected
on conflict (row_hash, reason) do update
  set source_rows = greatest(rejected_rows.source_rows, excluded.source_rows), left_at = null;

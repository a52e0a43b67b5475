-- Store the rejected rows with all their reasons.
insert into rejected_rows (row_hash, reason, customer_id, updated_at, raw)
select distinct on (row_hash, reason) row_hash, reason, customer_id, updated_at, raw
from (
  select
    md5((landed.*)::text) as row_hash,
    refused.reason,
    landed.customer_id::text as customer_id,
    case when isfinite(landed.updated_at) then landed.updated_at end as updated_at,
    to_jsonb(shown.*) as raw
  from (
    select row_id, string_agg(reason, '; ' order by reason) as reason from problems group by row_id
  ) as refused
  join {landing} as landed on landed.ctid = refused.row_id
  cross join lateral (select landed.customer_id, landed.updated_at, landed.is_deleted, {values}) as shown
) as rejected
on conflict do nothing;

-- Keep the refused rows with all their reasons.
insert into rejected_rows (row_hash, reason, customer_id, updated_at, raw)
select distinct on (row_hash, reason) row_hash, reason, customer_id, updated_at, raw
from (
  select
    md5(landed::text) as row_hash,
    string_agg(problems.reason, '; ' order by problems.reason) as reason,
    landed.customer_id::text as customer_id,
    case when isfinite(landed.updated_at) then landed.updated_at end as updated_at,
    to_jsonb(landed) as raw
  from problems
  join {landing} as landed on landed.ctid = problems.row_id
  group by landed.ctid, landed.*, landed.customer_id, landed.updated_at
) as refused
on conflict do nothing;

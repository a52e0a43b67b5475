-- Store the rejected events with all their reasons, and how many equal ones there are. A key that cannot be used is
-- shown as it was. A time of no year from 1 to 9999, which clients cannot read, is in the raw values alone.
insert into rejected_events (event, row_hash, reason, customer_id, at, raw, has_usable_key, source_rows, identity)
select %(event)s, row_hash, reason, min(customer_id), min(at), min(raw)::jsonb, bool_and(has_usable_key), count(*), identity
from (
  select
    md5((landed.*)::text) as row_hash,
    refused.reason,
    coalesce(landed.customer_id::text, landed.unusable_key) as customer_id,
    case
      when landed.at > '0001-12-31 BC' and landed.at < '10000-01-02'
        then least(greatest(landed.at, '0001-01-01'), '9999-12-31 23:59:59.999999')
    end as at,
    to_jsonb(shown.*)::text as raw,
    landed.unusable_key is null as has_usable_key,
    case when {is_keyed} then landed.identity end as identity
  from (
    select row_id, string_agg(reason, '; ' order by reason) as reason from problems group by row_id
  ) as refused
  join {landing} as landed on landed.ctid = refused.row_id
  cross join lateral (select coalesce(landed.customer_id::text, landed.unusable_key) as customer_id, landed.at{further_values}) as shown
) as rejected
group by row_hash, reason, identity
on conflict (event, row_hash, reason) do update set source_rows = excluded.source_rows, identity = excluded.identity;

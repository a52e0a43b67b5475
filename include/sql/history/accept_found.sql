-- Land the valid rows of customers who were missing as of the very end of the window, and keep the time
-- that the source gave.
with accepted as (
  insert into customer_versions (customer_id, updated_at, is_deleted{payload})
  select distinct on (customer_id)
    customer_id, %(window_end)s::timestamptz - interval '1 microsecond', is_deleted{payload}
  from {landing} as landed
  where not exists (select from problems where problems.row_id = landed.ctid)
  order by customer_id
  on conflict do nothing
  returning customer_id, updated_at
)
insert into reconciled_versions (customer_id, updated_at, source_updated_at)
select distinct accepted.customer_id, accepted.updated_at, landed.updated_at
from accepted
join {landing} as landed on landed.customer_id = accepted.customer_id;

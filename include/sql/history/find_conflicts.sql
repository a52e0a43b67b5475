-- Collect every landed row whose key and time occur in another row with other values: nothing says which
-- one is right, so both are rejected.
insert into problems (row_id, reason)
select landed.ctid, 'different rows with the same ' || %(key)s || ' and ' || %(updated_at)s
from {landing} as landed
join (
  select customer_id, updated_at
  from {landing} as repeated
  where customer_id is not null and updated_at is not null
  group by customer_id, updated_at
  having count(*) > 1 and count(distinct md5((repeated.*)::text)) > 1
) as conflict using (customer_id, updated_at);

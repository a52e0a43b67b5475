-- Collect every event whose key another one has with other values: nothing says which one is right, so both are rejected.
insert into problems (row_id, reason)
select landed.ctid, %(reason)s
from {landing} as landed
join (
  select identity
  from {landing} as repeated
  where identity is not null
  group by identity
  having count(*) > 1 and count(distinct md5((repeated.*)::text)) > 1
) as conflict using (identity);

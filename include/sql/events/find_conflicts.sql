-- Collect every event whose key another one has with other values: nothing says which one is right, so both are rejected.
insert into problems (row_id, reason)
select repeated.row_id, %(reason)s
from repeated
join (
  select repeated.identity
  from repeated
  join {landing} as landed on landed.ctid = repeated.row_id
  group by repeated.identity
  having count(distinct md5((landed.*)::text)) > 1
) as conflict using (identity);

-- Collect every landed row with a value that cannot be used, with one reason per column.
insert into problems (row_id, reason)
select judged.row_id, judged.reason
from (
  select landed.ctid as row_id, nullif(concat_ws('; ', {reasons}), '') as reason
  from {landing} as landed
) as judged
where judged.reason is not null;

-- Note every landed row that has a value outside its type, with one reason a column.
insert into problems (row_id, reason)
select judged.row_id, judged.reason
from (
  select landed.ctid as row_id, nullif(concat_ws('; ', {reasons}), '') as reason
  from {landing} as landed
) as judged
where judged.reason is not null;

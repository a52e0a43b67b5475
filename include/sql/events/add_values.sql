-- Give the texts of a column that are new a code each.
insert into event_values (event, column_name, code, value)
select %(event)s, %(column)s, known.codes + row_number() over (order by arrived.value collate "C") - 1, arrived.value
from (
  select distinct {value} as value
  from {landing} as landed
  where not exists (select from problems where problems.row_id = landed.ctid)
) as arrived
cross join (
  select coalesce(max(code) + 1, 0) as codes from event_values where event = %(event)s and column_name = %(column)s
) as known
where arrived.value is not null
  and not exists (
    select from event_values as there
    where there.event = %(event)s and there.column_name = %(column)s and there.value = arrived.value
  );

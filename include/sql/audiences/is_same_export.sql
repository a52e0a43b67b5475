-- Whether those who would be exported are those of an earlier export; one who was erased since is missing there.
select
  count(*) = %(customers)s
  and bool_and(exists (
    select from audience_export_customers as frozen
    where frozen.number = %(number)s and frozen.customer_id = exported.customer_id and frozen.role = exported.role
  ))
from {exported} as exported;

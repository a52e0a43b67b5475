-- Land the valid rows; skip a row that has landed already.
insert into customer_versions ({columns})
select distinct on (customer_id, updated_at) {columns}
from {landing} as landed
where not exists (select from problems where problems.row_id = landed.ctid)
order by customer_id, updated_at
on conflict do nothing;

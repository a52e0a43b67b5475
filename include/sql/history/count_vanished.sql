-- Customers in force before an end, and how many of them the source does not have any more.
select count(*), count(*) filter (where present.customer_id is null)
from in_force
left join (select distinct customer_id from {keys}) as present using (customer_id)
where not in_force.is_deleted;

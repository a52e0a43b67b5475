-- Customers in force before a window's end, and how many of them are no longer in the source.
select count(*), count(*) filter (where present.customer_id is null)
from in_force
left join (select distinct customer_id from {keys}) as present using (customer_id)
where not in_force.is_deleted;

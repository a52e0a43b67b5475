-- The number of lists per snapshot that contained the customer.
select as_of, count(*) from {gaps} group by as_of order by as_of;

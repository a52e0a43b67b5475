-- In how many lists of a snapshot the customer was.
select as_of, count(*) from {gaps} group by as_of order by as_of;

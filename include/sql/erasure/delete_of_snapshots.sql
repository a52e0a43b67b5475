-- Delete a customer from a table that holds snapshots; returns rows by snapshot. The condition on as_of
-- lets the indexes be used, since they begin with it.
with gone as (
  delete from {table}
  where as_of = any (array(select snapshots.as_of from snapshots))
    and {column} = (select customer_id from erasure_requests where number = %(request)s)
  returning as_of
)
select as_of, count(*) from gone group by as_of order by as_of;

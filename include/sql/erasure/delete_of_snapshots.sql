-- Take a customer out of a table that holds snapshots; says how many rows by snapshot. The moments are
-- named for the indexes, which begin with them.
with gone as (
  delete from {table}
  where as_of = any (array(select snapshots.as_of from snapshots))
    and {column} = (select customer_id from erasure_requests where number = %(request)s)
  returning as_of
)
select as_of, count(*) from gone group by as_of order by as_of;

-- Delete a customer from others' lookalikes, and record where.
with gone as (
  delete from {table}
  where as_of = any (array(select snapshots.as_of from snapshots))
    and lookalike_id = (select customer_id from erasure_requests where number = %(request)s)
  returning as_of, customer_id, rank
)
insert into {gaps} (as_of, customer_id, rank) select as_of, customer_id, rank from gone;

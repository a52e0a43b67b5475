-- Delete a customer from others' lookalikes, and close the gaps in their ranks; returns the number of
-- lists per snapshot that contained the customer. The ranks behind a gap become negative first, so that
-- they stay unique throughout.
create temporary table {gaps} (as_of timestamptz, customer_id customer_key, rank smallint) on commit drop;
with gone as (
  delete from {table}
  where as_of = any (array(select snapshots.as_of from snapshots))
    and lookalike_id = (select customer_id from erasure_requests where number = %(request)s)
  returning as_of, customer_id, rank
)
insert into {gaps} (as_of, customer_id, rank) select as_of, customer_id, rank from gone;
update {table} as held
set rank = 1 - held.rank
from {gaps} as gap
where held.as_of = gap.as_of and held.customer_id = gap.customer_id and held.rank > gap.rank;
update {table} as held
set rank = -held.rank
from {gaps} as gap
where held.as_of = gap.as_of and held.customer_id = gap.customer_id and held.rank < 0;
select as_of, count(*) from {gaps} group by as_of order by as_of;

-- The customers of a snapshot, selected once for all tasks of its run.
-- Not unlogged: a server crash empties unlogged tables, and the snapshot would lose its customers.
create table {table} as
select * from ({customers}) as customers
order by customer_id;

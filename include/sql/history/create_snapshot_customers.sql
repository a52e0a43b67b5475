-- The customers of a snapshot, found once for all tasks of its run.
-- Logged: a server that crashes empties unlogged tables, and the snapshot would lose its customers.
create table {table} as
select * from ({customers}) as customers
order by customer_id;

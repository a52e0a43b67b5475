-- Add the primary key of a table of customers, after the load.
alter table {table} add primary key (customer_id);

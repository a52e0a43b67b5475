-- The primary key of a generation, after the load.
alter table {table} add primary key (customer_id);

-- Keys of erased customers among the rows that have just arrived, for this transaction only.
create temporary table {keys} (customer_id customer_key primary key) on commit drop;

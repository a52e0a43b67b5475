-- Keys that have arrived and must go again, in this transaction.
create temporary table {keys} (customer_id customer_key primary key) on commit drop;

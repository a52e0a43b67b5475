-- The numbers and dates of the customer, in this transaction.
create temporary table erased_values (column_name text, value double precision) on commit drop;

-- The numbers and dates of the customer, for this transaction only.
create temporary table erased_values (column_name text, value double precision) on commit drop;

-- Where the customer was a lookalike, in this transaction.
create temporary table {gaps} (as_of timestamptz, customer_id customer_key, rank smallint) on commit drop;

-- Where the customer was a lookalike of others, for this transaction only.
create temporary table {gaps} (as_of timestamptz, customer_id customer_key, rank smallint) on commit drop;

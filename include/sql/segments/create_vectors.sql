-- The vectors of the snapshot being built, from which PL/Python reads.
create temporary table {vectors} (customer_id customer_key not null, embedding vector({dimensions}) not null) on commit drop;

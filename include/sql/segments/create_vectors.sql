-- The vectors of the snapshot that is being built, where PL/Python reads them.
create temporary table {vectors} (customer_id customer_key not null, embedding vector({dimensions}) not null) on commit drop;

-- Remove a table of embeddings that serves nobody.
drop table if exists {table};

-- The stable name leaves the generation it stood for.
drop view if exists customer_embeddings;

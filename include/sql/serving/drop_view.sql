-- Remove the stable name from the generation it points at.
drop view if exists customer_embeddings;

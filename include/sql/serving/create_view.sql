-- Point the stable name at this generation.
create view customer_embeddings as
select customer_id, embedding, updated_at, encoder_version from {table};

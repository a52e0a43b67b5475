-- customer_embeddings in a fixed order, for its hash.
select customer_id, embedding, updated_at from customer_embeddings order by customer_id

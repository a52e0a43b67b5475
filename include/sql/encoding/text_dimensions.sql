-- The width of a model's embeddings; no row if it has embedded nothing.
select vector_dims(embedding) from text_embeddings where model = %(model)s limit 1;

-- Where a batch of new embeddings arrives.
create temporary table added_embeddings (text_hash uuid not null, embedding vector not null) on commit drop;

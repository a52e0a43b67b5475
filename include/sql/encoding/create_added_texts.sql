-- Target of the COPY of a batch of new embeddings.
create temporary table added_embeddings (text_hash uuid not null, embedding vector not null) on commit drop;

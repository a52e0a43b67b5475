-- An HNSW index with pgvector's defaults over a generation of embeddings.
create index generation_hnsw on {table} using hnsw (embedding {operator_class});

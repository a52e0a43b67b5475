-- Allocate a number for a new generation of customer_embeddings.
insert into index_builds (as_of, state, metric, encoder_version, dimensions)
values (%(as_of)s, 'building', %(metric)s, %(encoder_version)s, %(dimensions)s)
returning generation;

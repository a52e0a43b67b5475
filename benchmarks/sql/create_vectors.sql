-- Vectors to search; {dimensions} wide.
create table vectors (customer_id bigint, embedding vector({dimensions}))

-- The schema that holds pgvector's types and operators.
select extnamespace::regnamespace::text from pg_extension where extname = 'vector';

-- Find the distinct texts of a column of some customers. {text} is the expression that
-- history/read_customers uses; the hash is that of kindred.encoding.text_cache. Each session starts at
-- another hash, so that concurrent runs share the work.
insert into new_texts (position, text)
with texts as (
  select {text} as text from ({customers}) as customers
), hashed as (
  select text, encode(substring(sha256(convert_to(text, 'UTF8')) for 16), 'hex')::uuid as text_hash
  from texts
  where text is not null
  group by text
), looked_up as (
  select hashed.text_hash, case when cached.text_hash is null then hashed.text end as text
  from hashed
  left join text_embeddings as cached
    on cached.model = %(model)s and cached.text_hash = hashed.text_hash
)
select
  row_number() over (
    order by text is null, text_hash < md5(pg_backend_pid()::text)::uuid, text_hash
  ),
  text
from looked_up;

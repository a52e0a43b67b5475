-- Put new and changed customers into the serving generation.
insert into {table} (customer_id, embedding, updated_at, encoder_version)
select customer_id, embedding, updated_at, encoder_version
from {delta}
where embedding is not null
on conflict (customer_id) do update
set embedding = excluded.embedding, updated_at = excluded.updated_at, encoder_version = excluded.encoder_version;

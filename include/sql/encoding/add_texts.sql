-- Store a batch of embeddings, except those that another run has added meanwhile. In hash order, so
-- that two runs that add the same texts wait for each other instead of deadlocking.
insert into text_embeddings (model, text_hash, embedding)
select %(model)s, text_hash, embedding
from added_embeddings
order by text_hash
on conflict (model, text_hash) do nothing;

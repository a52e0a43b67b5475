-- Keep a batch of embeddings, but those that another run has added meanwhile. In the order of the
-- hashes, so that two runs that add the same texts wait for each other and never deadlock.
insert into text_embeddings (model, text_hash, embedding)
select %(model)s, text_hash, embedding
from added_embeddings
order by text_hash
on conflict (model, text_hash) do nothing;

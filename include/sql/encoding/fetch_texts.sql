-- The embeddings that a model gave to the wanted texts, as far as it has embedded them.
select text_hash, cached.embedding
from wanted_texts
join text_embeddings as cached using (text_hash)
where cached.model = %(model)s;

-- A model's embeddings of the requested texts, as far as they are cached.
select text_hash, cached.embedding
from wanted_texts
join text_embeddings as cached using (text_hash)
where cached.model = %(model)s;

-- The requested texts that a model has already embedded.
select text_hash
from wanted_texts
where exists (
  select from text_embeddings as cached
  where cached.model = %(model)s and cached.text_hash = wanted_texts.text_hash
);

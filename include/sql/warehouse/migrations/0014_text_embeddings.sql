-- Sentence embeddings of texts by model: paid for once, whichever column, snapshot or try asks.
-- Of a text only the first 16 bytes of its SHA-256 are kept. Models differ in their dimensions, so
-- the column has no width; nothing searches it by distance.
create table text_embeddings (
  model text collate "C" not null,
  text_hash uuid not null,
  embedding vector not null,
  primary key (model, text_hash)
);
comment on table text_embeddings is 'cache of sentence embeddings; rows may be deleted, and cost their time again';
comment on column text_embeddings.model is 'identity of the model: digest of its files or its name and revision, and max_tokens';
comment on column text_embeddings.text_hash is 'first 16 bytes of the SHA-256 of the trimmed text in UTF-8';
comment on column text_embeddings.embedding is 'unit vector, values in multiples of 2^-20';

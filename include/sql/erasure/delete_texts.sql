-- Delete the embeddings of texts that only the customer had; the hash is that of
-- encoding/gather_new_texts.
delete from text_embeddings
where text_hash in (
  select encode(substring(sha256(convert_to(erased_text, 'UTF8')) for 16), 'hex')::uuid from erased_texts
);

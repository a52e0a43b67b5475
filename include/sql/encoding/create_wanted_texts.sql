-- The hashes of the requested texts, for this transaction.
create temporary table wanted_texts (text_hash uuid primary key) on commit drop;

-- The hashes of the texts that are asked for, in this transaction.
create temporary table wanted_texts (text_hash uuid primary key) on commit drop;

-- The ids of a population as they arrive, for this transaction only; texts are those of a file, with JSON of all that an
-- id can mean where that is more than one key.
create temporary table {landing} (customer_id customer_key, unusable_id text) on commit drop;
create temporary table {texts} (id text, spellings text) on commit drop;

-- The texts of the customer, for this transaction only.
create temporary table erased_texts (erased_text text collate "C" not null) on commit drop;

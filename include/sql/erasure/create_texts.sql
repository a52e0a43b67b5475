-- The texts of the customer, in this transaction.
create temporary table erased_texts (erased_text text collate "C" not null) on commit drop;

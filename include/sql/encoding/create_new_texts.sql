-- The distinct texts of a column that a model has not embedded yet, numbered from 1, followed by nulls
-- for those it has. Kept for the session, because embedding them takes many transactions.
create temporary table new_texts (position bigint primary key, text text);

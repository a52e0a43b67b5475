-- The distinct texts of a column that a model has not embedded yet, numbered from 1, and after them
-- nulls for those that it has. For this session, since the work on them takes many transactions.
create temporary table new_texts (position bigint primary key, text text);

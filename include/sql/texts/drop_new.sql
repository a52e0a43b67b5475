-- Forget the new texts of a column.
drop table if exists pg_temp.new_texts;

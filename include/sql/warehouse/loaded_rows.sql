-- The number of rows of a part that has been loaded.
select rows from loaded_parts where table_name = %(table)s and part = %(part)s;

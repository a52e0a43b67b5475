-- Delete the records of all parts of a table.
delete from loaded_parts where table_name = %(table)s;

-- Delete the record that a part has been loaded.
delete from loaded_parts where table_name = %(table)s and part = %(part)s;

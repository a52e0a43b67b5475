-- Parts of a table that have been loaded, and their rows.
select part, rows from loaded_parts where table_name = %(table)s order by part;

-- The parts of a table filled aside that are loaded.
select count(*) from loaded_parts where table_name = %(table)s and digest <> '';

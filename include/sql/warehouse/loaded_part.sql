-- The digest of the content that a part of a table was loaded from, and its rows; nothing if it was not.
select digest, rows from loaded_parts where table_name = %(table)s and part = %(part)s;

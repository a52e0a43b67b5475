-- The digest of the content that a part of a table was loaded from; null if it has not been loaded.
select digest from loaded_parts where table_name = %(table)s and part = %(part)s;

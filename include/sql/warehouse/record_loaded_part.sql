-- Record that a claimed part has been loaded, in place of an earlier load of it.
update loaded_parts set digest = %(digest)s, rows = %(rows)s where table_name = %(table)s and part = %(part)s;

-- Record that a part has been loaded, in place of an earlier load of it.
insert into loaded_parts (table_name, part, digest, rows) values (%(table)s, %(part)s, %(digest)s, %(rows)s)
on conflict (table_name, part) do update set digest = excluded.digest, rows = excluded.rows;

-- Record that a part is being loaded; waits for another transaction that loads it.
insert into loaded_parts (table_name, part, digest, rows) values (%(table)s, %(part)s, '', 0)
on conflict (table_name, part) do update set digest = loaded_parts.digest;

-- Record that a part has been loaded.
insert into loaded_parts (table_name, part, digest, rows) values (%(table)s, %(part)s, %(digest)s, %(rows)s);

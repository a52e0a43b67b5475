-- Record what a view or function of bi is now.
insert into bi_objects (name, text_hash, definition_hash)
values (%(name)s, %(text_hash)s, %(definition_hash)s)
on conflict (name) do update
set text_hash = excluded.text_hash, definition_hash = excluded.definition_hash;

-- Record that a window has brought the catalogue.
insert into catalogue_landings (landed_at, definition, items)
values (%(as_of)s, %(definition)s, %(items)s)
on conflict (landed_at) do update set definition = excluded.definition, items = excluded.items;

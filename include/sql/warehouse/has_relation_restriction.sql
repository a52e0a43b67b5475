-- Whether the server has the setting by which a session forbids itself all views and foreign tables.
select current_setting('restrict_nonsystem_relation_kind', true) is not null;

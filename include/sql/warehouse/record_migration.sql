-- Record that a migration has been applied.
insert into applied_migrations (name) values (%(name)s);

-- Until a schema is chosen, statements find the catalogue alone: an overload that somebody has made in public
-- would otherwise run with the rights of this session.
set search_path = pg_catalog, pg_temp;

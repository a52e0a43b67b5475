-- Whether a space has the table of erased customers, and this login may read it.
select coalesce(has_table_privilege(to_regclass(quote_ident(%(schema)s) || '.suppressed'), 'select'), false);

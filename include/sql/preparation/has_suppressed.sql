-- Whether a space has noted erased customers, and this login may read them.
select coalesce(has_table_privilege(to_regclass(quote_ident(%(schema)s) || '.suppressed'), 'select'), false);

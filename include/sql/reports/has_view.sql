-- Whether there is a view of this name that this login may read.
select coalesce(has_table_privilege(to_regclass(format('%%I.%%I', %(schema)s, %(view)s)), 'select'), false);

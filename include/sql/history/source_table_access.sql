-- Whether a table or view with this name exists, and whether this login may read it.
select
  to_regclass(%(table)s) is not null as exists,
  case when to_regclass(%(table)s) is not null then has_table_privilege(to_regclass(%(table)s), 'select') end as is_readable;

-- Whether a table or view can be found by this name, and whether it may be read.
select
  to_regclass(%(table)s) is not null,
  case when to_regclass(%(table)s) is not null then has_table_privilege(to_regclass(%(table)s), 'select') end;

-- Whether a table is a partition.
select coalesce(
  (select relispartition from pg_class where oid = to_regclass(quote_ident(%(table)s))), false
);

-- Whether somebody has begun to take a partition out and has not finished.
select coalesce(
  (select inhdetachpending from pg_inherits where inhrelid = to_regclass(quote_ident(%(table)s))), false
);

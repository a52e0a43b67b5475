-- Whether a detach of this partition was begun and not finished.
select coalesce(
  (select inhdetachpending from pg_inherits where inhrelid = to_regclass(quote_ident(%(table)s))), false
);

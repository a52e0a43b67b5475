-- Whether a table that was filled aside has its primary key.
select exists (
  select from pg_index where indrelid = to_regclass(quote_ident(%(table)s)) and indisprimary
);

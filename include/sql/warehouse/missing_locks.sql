-- Whether a schema is new, and which relations of locks, as quoted names, do not exist yet.
select
  to_regnamespace(quote_ident(%(schema)s)) is null,
  array(select name from unnest(%(names)s::text[]) as name where to_regclass(name) is null);

-- Whether a schema exists.
select to_regnamespace(quote_ident(%(schema)s)) is not null;

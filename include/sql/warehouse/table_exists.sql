-- Whether a relation of this schema exists.
select to_regclass(quote_ident(%(table)s)) is not null;

-- The number by which the catalogue knows a table: another one each time that it is made. Null if there is none.
select to_regclass(quote_ident(%(table)s))::oid::bigint;

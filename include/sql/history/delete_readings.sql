-- Delete what was recorded for runs whose landing tables are gone.
delete from customer_readings where to_regclass(quote_ident(landing)) is null;

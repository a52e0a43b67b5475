-- The time zone that sessions have here unless they set their own.
select reset_val from pg_settings where name = 'TimeZone';

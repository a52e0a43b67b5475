-- Let bi_reader read the views of this space; functions are granted one by one, to this role only.
grant usage on schema {bi} to bi_reader;
grant select on all tables in schema {bi} to bi_reader;
revoke execute on all functions in schema {bi} from public;
grant execute on all functions in schema {bi} to bi_reader;

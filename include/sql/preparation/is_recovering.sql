-- Whether this is a read-only standby.
select pg_is_in_recovery();

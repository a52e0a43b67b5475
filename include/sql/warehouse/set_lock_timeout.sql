-- How long statements of this transaction, or of the whole session, wait for a lock; 0 is for ever.
select set_config('lock_timeout', %(milliseconds)s::text || 'ms', %(is_local)s);

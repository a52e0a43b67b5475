-- Limit how long statements of this transaction, or of the whole session, wait for a lock; 0 means no
-- limit.
select set_config('lock_timeout', %(milliseconds)s::text || 'ms', %(is_local)s);

-- How long statements of this session wait for a lock; 0 is for ever.
select set_config('lock_timeout', %(milliseconds)s::text || 'ms', false);

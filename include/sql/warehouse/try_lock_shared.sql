-- Take the advisory lock of a resource within a scope in shared mode, without waiting.
select pg_try_advisory_lock_shared(hashtext(%(scope)s), %(resource)s);

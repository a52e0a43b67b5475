-- Take the advisory lock of a resource within a scope beside others who share it, without waiting.
select pg_try_advisory_lock_shared(hashtext(%(scope)s), %(resource)s);

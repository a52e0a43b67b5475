-- Take the advisory lock of a resource within a scope (a schema name) without waiting.
select pg_try_advisory_lock(hashtext(%(scope)s), %(resource)s);

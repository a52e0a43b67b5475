-- Release an advisory lock taken by try_lock.
select pg_advisory_unlock(hashtext(%(scope)s), %(resource)s);

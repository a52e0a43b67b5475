-- The application name of a session that holds the lock of a resource. Who shares it waits for nobody but those
-- who want it for themselves, even if they wait too.
select activity.application_name || ' (pid ' || activity.pid || ')'
from pg_locks as held
join pg_stat_activity as activity using (pid)
where held.locktype = 'relation'
  and case when %(mode)s = 'row share' then held.mode = 'ExclusiveLock' else held.granted end
  and held.pid <> pg_backend_pid()
  and held.database = (select oid from pg_database where datname = current_database())
  and held.relation = to_regclass(%(name)s)
limit 1;

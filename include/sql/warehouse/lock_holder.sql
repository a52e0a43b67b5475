-- The application name of the session that holds an advisory lock of this database.
select activity.application_name || ' (pid ' || activity.pid || ')'
from pg_locks as held
join pg_stat_activity as activity using (pid)
where held.locktype = 'advisory'
  and held.granted
  and held.database = (select oid from pg_database where datname = current_database())
  and held.classid = hashtext(%(scope)s)::bit(32)::bigint
  and held.objid = %(resource)s
  and held.objsubid = 2
limit 1;

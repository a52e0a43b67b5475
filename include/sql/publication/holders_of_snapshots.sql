-- Other sessions' transactions that hold an MVCC snapshot, with its horizon and the session's name. Autovacuum (which has
-- no user) and the builds of Kindred do not read published partitions. What a session is called proves nothing, since
-- readers choose it: a build is of this session's role, and a guard of its name and role has locked a resource, as no
-- reader can.
select
  held.virtualtransaction, activity.backend_xmin::text as horizon,
  activity.application_name || ' (pid ' || activity.pid || ')'
from pg_stat_activity as activity
join pg_locks as held on held.pid = activity.pid and held.locktype = 'virtualxid' and held.granted
where activity.datname = current_database()
  and activity.pid <> pg_backend_pid()
  and activity.usesysid is not null
  and activity.backend_xmin is not null
  and not (
    activity.usename = session_user
    and exists (
      select
      from pg_stat_activity as guard
      join pg_locks as locked on locked.pid = guard.pid and locked.locktype = 'relation' and locked.granted
      join pg_class as resource on resource.oid = locked.relation
      where locked.database = activity.datid
        and guard.usesysid = activity.usesysid
        and guard.application_name = activity.application_name
        and resource.relkind = 'v'
        and starts_with(resource.relname, 'lock_')
        and pg_get_userbyid(resource.relowner) = current_user
    )
  )

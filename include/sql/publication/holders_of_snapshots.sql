-- Other sessions' transactions that hold an MVCC snapshot, with its horizon and the session's name.
-- Autovacuum (which has no user) and other runs of Kindred do not read published partitions.
select held.virtualtransaction, activity.backend_xmin::text, activity.application_name || ' (pid ' || activity.pid || ')'
from pg_stat_activity as activity
join pg_locks as held on held.pid = activity.pid and held.locktype = 'virtualxid' and held.granted
where activity.datname = current_database()
  and activity.pid <> pg_backend_pid()
  and activity.usesysid is not null
  and not starts_with(activity.application_name, 'kindred ')
  and activity.backend_xmin is not null;

-- Statements of other sessions in this database that began before a moment and are still running.
select count(*)
from pg_stat_activity
where datname = current_database()
  and pid <> pg_backend_pid()
  and backend_type = 'client backend'
  and state = 'active'
  and query_start < %(moment)s;

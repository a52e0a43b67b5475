-- Transactions that hold the partitioned tables: what they run may have been planned long ago.
-- From pg_locks, since pg_stat_activity shows an ordinary user its own sessions only.
select distinct virtualtransaction
from pg_locks
where locktype = 'relation'
  and database = (select oid from pg_database where datname = current_database())
  and relation in ('customer_lookalikes'::regclass, 'customer_clusters'::regclass)
  and pid <> pg_backend_pid();

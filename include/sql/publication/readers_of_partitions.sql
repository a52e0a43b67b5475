-- Transactions that hold locks on the partitioned tables: their statements may have been planned long
-- ago. Read from pg_locks, since pg_stat_activity shows an ordinary user only its own sessions.
select distinct virtualtransaction
from pg_locks
where locktype = 'relation'
  and database = (select oid from pg_database where datname = current_database())
  and relation in (
    'customer_lookalikes'::regclass, 'customer_clusters'::regclass, 'public_lookalikes'::regclass,
    'customer_behaviour'::regclass, 'customer_recommendations'::regclass, 'audience_members'::regclass,
    'customer_map'::regclass
  )
  and pid <> pg_backend_pid();

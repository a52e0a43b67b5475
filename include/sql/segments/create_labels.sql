-- Cluster all customers of a table of vectors; labels and memberships stay in the session.
create temporary table {labels} as
select found.customer_id, found.cluster as label, found.membership
from plpython_kindred.cluster_vectors(%(vectors)s::regclass, %(k)s, %(is_cosine)s, %(memory_mb)s)
  as found (customer_id customer_key, cluster integer, membership real);

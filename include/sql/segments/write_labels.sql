-- Write all labels with their stable ids in one statement; cluster_ids starts with the id of label 0.
insert into {table} (as_of, algorithm, customer_id, label, cluster_id, membership, nearest_label, nearest_cluster_id, method)
select %(as_of)s, %(algorithm)s, found.customer_id, found.label, stable.cluster_id, found.membership, found.label, stable.cluster_id, %(method)s
from {labels} as found
join unnest(%(cluster_ids)s::integer[]) with ordinality as stable (cluster_id, position)
  on stable.position = found.label + 1;

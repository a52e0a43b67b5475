-- Publish what became of each cluster in this snapshot.
insert into cluster_lineage
  (as_of, algorithm, reference_as_of, event, from_cluster_id, to_cluster_id, from_size, to_size, shared)
select
  %(as_of)s, event.algorithm, event.reference_as_of, event.event, event.from_cluster_id, event.to_cluster_id,
  event.from_size, event.to_size, event.shared
from jsonb_to_recordset(%(lineage)s) as event (
  algorithm text, reference_as_of timestamptz, event text, from_cluster_id integer, to_cluster_id integer,
  from_size bigint, to_size bigint, shared bigint
);

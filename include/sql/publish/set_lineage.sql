-- What became of each cluster in this snapshot.
insert into cluster_lineage (as_of, algorithm, cluster_id, reference_as_of, event, size, shared)
select %(as_of)s, event.algorithm, event.cluster_id, event.reference_as_of, event.event, event.size, event.shared
from jsonb_to_recordset(%(lineage)s) as event (
  algorithm text, cluster_id integer, reference_as_of timestamptz, event text, size bigint, shared bigint
);

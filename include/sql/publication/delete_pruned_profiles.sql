-- Delete the cluster profiles of pruned snapshots; their cluster quality stays.
delete from cluster_profiles where as_of in (select as_of from snapshots where status = 'pruned');

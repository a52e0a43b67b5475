-- Forget what the clusters of pruned snapshots were like; how good they were stays.
delete from cluster_profiles where as_of in (select as_of from snapshots where status = 'pruned');

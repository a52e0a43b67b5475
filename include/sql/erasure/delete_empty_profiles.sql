-- Delete the profile of a cluster whose only customer has been erased.
delete from cluster_profiles where customers <= 0;

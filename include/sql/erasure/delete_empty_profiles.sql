-- A cluster whose only customer is gone has nothing left to tell.
delete from cluster_profiles where customers <= 0;

-- Delete a customer from all clusters and reduce the recorded cluster sizes; returns rows by snapshot.
with gone as (
  delete from customer_clusters
  where as_of = any (array(select snapshots.as_of from snapshots))
    and customer_id = (select customer_id from erasure_requests where number = %(request)s)
  returning as_of, algorithm, label
),
smaller as (
  update cluster_profiles
  set customers = cluster_profiles.customers - 1
  from gone
  join snapshots on coalesce(snapshots.unchanged_since, snapshots.as_of) = gone.as_of
  where cluster_profiles.as_of = snapshots.as_of
    and cluster_profiles.algorithm = gone.algorithm
    and cluster_profiles.label = gone.label
)
select as_of, count(*) from gone group by as_of order by as_of;

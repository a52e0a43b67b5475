-- The current snapshot as BI sees it at one moment: date, rows and customers of every table.
select jsonb_build_object(
  'snapshot', (
    select jsonb_build_array(as_of, customers, lookalikes) from {bi}.snapshots where is_current
  ),
  'lookalikes', (
    select jsonb_build_array(min(as_of), max(as_of), count(*), count(distinct customer_id), max(rank))
    from {bi}.lookalikes_current
  ),
  'clusters', (
    select jsonb_object_agg(algorithm, found order by algorithm)
    from (
      select algorithm, jsonb_build_array(min(as_of), max(as_of), count(*), count(distinct customer_id)) as found
      from {bi}.clusters_current
      group by algorithm
    ) as one
  ),
  'profiled', (
    select jsonb_build_array(min(as_of), max(as_of), count(distinct (algorithm, cluster_id)))
    from {bi}.cluster_summary_current
  ),
  'recommended', (
    select jsonb_build_array(min(as_of), max(as_of), count(*), count(distinct customer_id), count(distinct item))
    from {bi}.recommendations_current
  ),
  'audiences', (
    select jsonb_object_agg(audience, jsonb_build_array(as_of, status, coalesce(cardinality(sizes), 0)) order by audience)
    from {bi}.audiences_current
  ),
  'members', (
    select jsonb_build_array(min(as_of), max(as_of), count(*), count(distinct customer_id), count(distinct audience))
    from {bi}.audience_members_current
  ),
  'similar', (select count(*) from {bi}.similar_customers(1, 5))
)::text

-- Pairs of consecutive snapshots that readers see, by algorithm: of those that have it, each and the one before. They are
-- found from the first customer of each, so that no partition is read. is_counted: cluster_moves has who moved.
create or replace view {space}.consecutive_snapshots as
with known as (
  select shown.as_of, shown.stored_as_of, snapshots.published_at, algorithms.algorithm
  from {space}.shown_snapshots as shown
  join {space}.snapshots using (as_of)
  cross join (select distinct cluster_ids.algorithm from {space}.cluster_ids) as algorithms
  where algorithms.algorithm <> all (shown.hidden_algorithms)
    and (
      select true
      from {space}.customer_clusters as first
      where first.as_of = shown.stored_as_of and first.algorithm = algorithms.algorithm
      order by first.customer_id
      limit 1
    )
),
pairs as materialized (
  select
    known.algorithm,
    lag(known.as_of) over before as from_as_of,
    lag(known.stored_as_of) over before as from_stored_as_of,
    lag(known.published_at) over before as from_published_at,
    known.as_of as to_as_of,
    known.stored_as_of as to_stored_as_of,
    known.published_at as to_published_at
  from known
  window before as (partition by known.algorithm order by known.as_of)
)
select
  pairs.*,
  exists (
    select from {space}.cluster_moves as counted
    where counted.to_as_of = pairs.to_as_of
      and counted.algorithm = pairs.algorithm
      and counted.from_as_of = pairs.from_as_of
      and counted.to_published_at = pairs.to_published_at
      and counted.from_published_at = pairs.from_published_at
  ) as is_counted
from pairs
where pairs.from_as_of is not null;

comment on view {space}.consecutive_snapshots is 'Consecutive snapshots by algorithm, and whether it is counted who moved between them.';

-- How the distances of the lookalikes fall in every published snapshot, rank by rank: counted when it was made, of the
-- lists that readers see.
create or replace view {bi}.lookalike_distances with (security_barrier) as
select
  found.as_of,
  found.rank,
  found.percentile,
  case when not found.is_hidden then found.distance end as distance,
  (case when found.is_hidden then round(({similarity})::numeric, 2) else {similarity} end)::real as similarity
from (
  select shown.as_of, shown.metric, shown.is_hidden, listed.rank, listed.percentile, listed.distance
  from {space}.shown_snapshots as shown
  join {space}.snapshots using (as_of)
  cross join lateral jsonb_to_recordset(
    case when jsonb_typeof(snapshots.lookalike_distances) = 'array' then snapshots.lookalike_distances end
  ) as listed (
    rank integer, percentile integer, distance real
  )
) as found;

comment on view {bi}.lookalike_distances is 'One row per rank and percentile of a snapshot: how far the lookalikes of that rank are from their customers. None for fewer than 20 customers.';
comment on column {bi}.lookalike_distances.as_of is 'The snapshot.';
comment on column {bi}.lookalike_distances.rank is 'The rank of the lookalikes: all up to 10, and some beyond.';
comment on column {bi}.lookalike_distances.percentile is 'The share of the customers, in percent, whose lookalike of that rank is at most so far: 5, 25, 50 (the median), 75 or 95.';
comment on column {bi}.lookalike_distances.distance is 'What pgvector''s operator of the metric gives. Null where its spec has private features.';
comment on column {bi}.lookalike_distances.similarity is 'The similarity at that distance, as in lookalikes.';

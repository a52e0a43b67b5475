-- Lookalikes of every published snapshot (of one as_of only its partition is read), or of the current one; by the public
-- columns where features are hidden. An outermost union is no barrier. A barrier lets leakproof conditions (lookalike_id
-- = 7) reach the scan, and EXPLAIN (ANALYZE) counts what passes there: where anything is hidden, ids depend on the snapshot
-- being shown, so that they are tested after the join. Last come rows shared with an earlier snapshot: a lateral union
-- can only be a nested loop, whose executor skips other partitions.
create or replace view {bi}.{view} with (security_barrier) as
with shown as materialized (select * from {space}.shown_snapshots)
select
  found.as_of,
  found.customer_id::{key_type} as customer_id,
  found.rank,
  found.lookalike_id,
  case when not found.is_hidden then found.distance end as distance,
  (case when found.is_hidden then round(({similarity})::numeric, 2) else {similarity} end)::real as similarity
from (
  select by_all.as_of, by_all.customer_id, by_all.rank, by_all.lookalike_id::{key_type} as lookalike_id, by_all.distance, shown.metric, shown.is_hidden
  from {space}.customer_lookalikes as by_all
  join shown on shown.as_of = by_all.as_of and shown.stored_as_of = by_all.as_of
  where {hides_nothing}
  union all
  select
    by_all.as_of, by_all.customer_id, by_all.rank,
    case when not shown.is_hidden then by_all.lookalike_id::{key_type} end,
    by_all.distance, shown.metric, shown.is_hidden
  from {space}.customer_lookalikes as by_all
  join shown on shown.as_of = by_all.as_of and shown.stored_as_of = by_all.as_of
  where not shown.is_hidden and not {hides_nothing}
  union all
  select by_public.as_of, by_public.customer_id, by_public.rank, by_public.lookalike_id::{key_type}, by_public.distance, shown.metric, shown.is_hidden
  from {space}.public_lookalikes as by_public
  join shown on shown.as_of = by_public.as_of and shown.stored_as_of = by_public.as_of
  where shown.is_hidden
  union all
  select shown.as_of, shared.customer_id, shared.rank, shared.lookalike_id, shared.distance, shown.metric, shown.is_hidden
  from shown
  cross join lateral (
    select by_all.customer_id, by_all.rank, by_all.lookalike_id::{key_type} as lookalike_id, by_all.distance
    from {space}.customer_lookalikes as by_all
    where by_all.as_of = shown.stored_as_of and not shown.is_hidden
    union all
    select by_public.customer_id, by_public.rank, by_public.lookalike_id::{key_type}, by_public.distance
    from {space}.public_lookalikes as by_public
    where by_public.as_of = shown.stored_as_of and shown.is_hidden
  ) as shared
  where shown.stored_as_of <> shown.as_of
) as found
where found.as_of {shown};

comment on view {bi}.{view} is 'The k most similar customers of every customer, {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.customer_id is 'The customer.';
comment on column {bi}.{view}.rank is '1 for the most similar customer, without gaps.';
comment on column {bi}.{view}.lookalike_id is 'A similar customer, never the customer itself.';
comment on column {bi}.{view}.distance is 'What pgvector''s operator of the metric gives: smaller is more similar. Null where its spec has private features.';
comment on column {bi}.{view}.similarity is 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product. Where its spec has private features: of the other columns, to two decimals.';

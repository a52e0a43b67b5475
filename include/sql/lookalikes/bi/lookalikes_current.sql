-- Lookalikes of the current snapshot; the scalar subselect lets the executor skip other partitions.
-- A prepared statement may run on a plan from before the newest partition, where it would find
-- nothing: from the pointer it goes back to the newest snapshot whose partition it knows.
create or replace view {bi}.lookalikes_current as
select
  as_of,
  customer_id,
  rank,
  lookalike_id,
  distance,
  ({similarity})::real as similarity
from {space}.customer_lookalikes
where as_of = (
  select snapshots.as_of
  from {space}.snapshots
  where snapshots.status = 'published'
    and snapshots.as_of <= (select current_snapshot.as_of from {space}.current_snapshot)
    and (
      snapshots.lookalikes = 0
      or (select true from {space}.customer_lookalikes as known where known.as_of = snapshots.as_of limit 1)
    )
  order by snapshots.as_of desc
  limit 1
);

comment on view {bi}.lookalikes_current is 'The k most similar customers of every customer, as of the current snapshot.';
comment on column {bi}.lookalikes_current.as_of is 'The current snapshot.';
comment on column {bi}.lookalikes_current.customer_id is 'The customer.';
comment on column {bi}.lookalikes_current.rank is '1 for the most similar customer, without gaps.';
comment on column {bi}.lookalikes_current.lookalike_id is 'A similar customer, never the customer itself.';
comment on column {bi}.lookalikes_current.distance is 'What pgvector''s operator of the metric gives: smaller is more similar.';
comment on column {bi}.lookalikes_current.similarity is 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product.';

-- Lookalikes of the current snapshot; the scalar subselect lets the planner skip other partitions.
create or replace view {bi}.lookalikes_current as
select
  as_of,
  customer_id,
  rank,
  lookalike_id,
  distance,
  ({similarity})::real as similarity
from {space}.customer_lookalikes
where as_of = (select current_snapshot.as_of from {space}.current_snapshot);

comment on view {bi}.lookalikes_current is 'The k most similar customers of every customer, as of the current snapshot.';
comment on column {bi}.lookalikes_current.as_of is 'The current snapshot.';
comment on column {bi}.lookalikes_current.customer_id is 'The customer.';
comment on column {bi}.lookalikes_current.rank is '1 for the most similar customer, without gaps.';
comment on column {bi}.lookalikes_current.lookalike_id is 'A similar customer, never the customer itself.';
comment on column {bi}.lookalikes_current.distance is 'What pgvector''s operator of the metric gives: smaller is more similar.';
comment on column {bi}.lookalikes_current.similarity is 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product.';

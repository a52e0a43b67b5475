-- Lookalikes of every published snapshot; ask for one as_of and only its partition is read.
create or replace view {bi}.lookalikes as
select
  as_of,
  customer_id,
  rank,
  lookalike_id,
  distance,
  ({similarity})::real as similarity
from {space}.customer_lookalikes
where as_of in (select snapshots.as_of from {space}.snapshots where snapshots.status = 'published');

comment on view {bi}.lookalikes is 'The k most similar customers of every customer, for every published snapshot.';
comment on column {bi}.lookalikes.as_of is 'The snapshot.';
comment on column {bi}.lookalikes.customer_id is 'The customer.';
comment on column {bi}.lookalikes.rank is '1 for the most similar customer, without gaps.';
comment on column {bi}.lookalikes.lookalike_id is 'A similar customer, never the customer itself.';
comment on column {bi}.lookalikes.distance is 'What pgvector''s operator of the metric gives: smaller is more similar.';
comment on column {bi}.lookalikes.similarity is 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product.';

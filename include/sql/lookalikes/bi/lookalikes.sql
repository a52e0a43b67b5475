-- Lookalikes: of every published snapshot (ask for one as_of, and only its partition is read), or of the
-- current one. The names that are filled in say which. With private features the lists are those of the
-- public columns, and exact distances are not shown.
create or replace view {bi}.{view} with (security_barrier) as
select
  as_of,
  customer_id::{key_type} as customer_id,
  rank,
  lookalike_id::{key_type} as lookalike_id,
  {distance},
  {shown_similarity}::real as similarity
from {space}.{lookalikes}
left join {space}.snapshots as of_snapshot using (as_of)
where as_of {shown};

comment on view {bi}.{view} is 'The k most similar customers of every customer, {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.customer_id is 'The customer.';
comment on column {bi}.{view}.rank is '1 for the most similar customer, without gaps.';
comment on column {bi}.{view}.lookalike_id is 'A similar customer, never the customer itself.';
comment on column {bi}.{view}.distance is 'What pgvector''s operator of the metric gives: smaller is more similar. Null where the spec has private features.';
comment on column {bi}.{view}.similarity is 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product. Where the spec has private features: of the other columns, to two decimals.';

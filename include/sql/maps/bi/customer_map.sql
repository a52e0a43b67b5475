-- Where customers lie on the map: of every published snapshot (by one as_of only its partition is read), or of the
-- current one, as the names that are filled in say. Where anything is hidden, coordinates depend on the snapshot being
-- shown, as in lookalikes: EXPLAIN (ANALYZE) would count the rows that pass x > 0 before the join.
create or replace view {bi}.{view} with (security_barrier) as
with shown as materialized (select as_of, stored_as_of, true as is_shown from {space}.shown_snapshots)
select
  found.as_of,
  found.customer_id::{key_type} as customer_id,
  found.x,
  found.y
from (
  select
    placed.as_of, placed.customer_id,
    case when shown.is_shown then placed.x end as x,
    case when shown.is_shown then placed.y end as y
  from {space}.customer_map as placed
  join shown on shown.as_of = placed.as_of and shown.stored_as_of = placed.as_of
  union all
  select
    shown.as_of, shared.customer_id,
    case when shown.is_shown then shared.x end as x,
    case when shown.is_shown then shared.y end as y
  from shown
  cross join lateral (
    select placed.customer_id, placed.x, placed.y
    from {space}.customer_map as placed
    where placed.as_of = shown.stored_as_of
  ) as shared
  where shown.stored_as_of <> shown.as_of
) as found
where found.as_of {shown};

comment on view {bi}.{view} is 'Two coordinates per customer, {scope}: who lies near whom is mostly alike. They are those of the encoder: a customer who stays the same stays put until the next fit, which is oriented by the map before it.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.customer_id is 'The customer.';
comment on column {bi}.{view}.x is 'The first coordinate. It has no unit: the first map of a space has the centroid 0 and the mean square 1.';
comment on column {bi}.{view}.y is 'The second coordinate.';

-- What a segment's customers buy more often than everybody: in every published snapshot, or in the current one. The
-- names that are filled in say which. A feature that has become private since is not shown.
create or replace view {bi}.{view} with (security_barrier) as
select
  profiles.as_of,
  profiles.algorithm,
  profiles.cluster_id,
  ({shown_name}) as name,
  found.feature,
  found.position,
  found.item,
  found.customers,
  found.share,
  found.everyone as everyone_share,
  found.lift,
  found.low,
  found.high
from {space}.shown_profiles as profiles
cross join lateral jsonb_to_recordset(profiles.items) as found (
  feature text, position smallint, item text, customers bigint, share double precision, everyone double precision,
  lift double precision, low double precision, high double precision
)
where profiles.as_of {shown}
  and found.feature <> all ({private});

comment on view {bi}.{view} is 'One row per item that a segment''s customers own more often than everybody, by the whole of its 95 % interval; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found.';
comment on column {bi}.{view}.cluster_id is 'The segment.';
comment on column {bi}.{view}.name is 'The short name of the segment; it stays with cluster_id.';
comment on column {bi}.{view}.feature is 'The feature of kind items, which says how far back purchases count.';
comment on column {bi}.{view}.position is '1 for the item with the highest lower end of its lift.';
comment on column {bi}.{view}.item is 'The item''s key.';
comment on column {bi}.{view}.customers is 'Customers of the segment who own it, at least 10.';
comment on column {bi}.{view}.share is 'Their share of the segment.';
comment on column {bi}.{view}.everyone_share is 'The share of all customers who own it.';
comment on column {bi}.{view}.lift is 'share divided by everyone_share.';
comment on column {bi}.{view}.low is 'Lower end of the 95 % interval of lift (Wilson).';
comment on column {bi}.{view}.high is 'Upper end of that interval.';

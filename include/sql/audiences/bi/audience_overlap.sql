-- Whom audiences share: in every published snapshot, or in the current one, as the names that are filled in say. Rows
-- that are not shown go before any condition of a reader is tried: EXPLAIN (ANALYZE) would count those that meet it.
create or replace view {bi}.{view} with (security_barrier) as
with found as materialized (
  select overlap.as_of, overlap.audience, overlap.other, overlap.customers, overlap.share
  from {space}.audience_overlap as overlap
  join {space}.shown_audiences as first on first.as_of = overlap.as_of and first.audience = overlap.audience
  join {space}.shown_audiences as second on second.as_of = overlap.as_of and second.audience = overlap.other
  where overlap.as_of {shown}
)
select found.as_of, found.audience, found.other, found.customers, found.share from found;

comment on view {bi}.{view} is 'One row per audience and other audience of the same snapshot: the members that both have; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.audience is 'The audience.';
comment on column {bi}.{view}.other is 'The other one.';
comment on column {bi}.{view}.customers is 'Members of both, up to their largest sizes, without the control groups.';
comment on column {bi}.{view}.share is 'The same as a share of the members of the first (0 to 1).';

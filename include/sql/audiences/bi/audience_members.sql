-- Members and control group of the audiences: of every published snapshot (by one as_of only its partition is read), or
-- of the current one, as the names that are filled in say. Who is in an audience says something of a customer: where
-- any is not shown, customers depend on their audience being shown, as ids do in lookalikes. Elsewhere a condition on
-- the customer reaches the index.
create or replace view {bi}.{view} with (security_barrier) as
with shown as materialized (
  select
    visible.as_of, visible.audience, true as is_shown,
    case when visible.segments_by <> all (visible.hidden_algorithms) then visible.segments_by end as segments_by,
    array(
      select case when column_name <> all ({private}) then column_name end
      from unnest(known.reason_columns) with ordinality as columns (column_name, position)
      order by columns.position
    ) as names
  from {space}.shown_audiences as visible
  join {space}.audiences as known using (as_of, audience)
)
select
  found.as_of,
  found.audience,
  found.customer_id,
  found.rank,
  found.score,
  found.percentile,
  found.probability,
  found.tier,
  found.role,
  array_remove(array[found.names[found.reason_1], found.names[found.reason_2], found.names[found.reason_3]], null) as reasons,
  found.segments_by as segment_algorithm,
  case when found.segments_by is not null then segments.cluster_id end as seed_segment
from (
  select
    members.as_of, members.audience, members.customer_id::{key_type} as customer_id, members.rank, members.score, members.percentile,
    members.probability, members.tier, members.role, members.reason_1, members.reason_2, members.reason_3, members.seed_segment,
    shown.names, shown.segments_by
  from {space}.audience_members as members
  join shown using (as_of, audience)
  where {hides_no_audience}
  union all
  select
    members.as_of, members.audience,
    case when shown.is_shown then members.customer_id::{key_type} end,
    case when shown.is_shown then members.rank end,
    case when shown.is_shown then members.score end,
    case when shown.is_shown then members.percentile end,
    case when shown.is_shown then members.probability end,
    case when shown.is_shown then members.tier end,
    case when shown.is_shown then members.role end,
    case when shown.is_shown then members.reason_1 end,
    case when shown.is_shown then members.reason_2 end,
    case when shown.is_shown then members.reason_3 end,
    case when shown.is_shown then members.seed_segment end,
    shown.names, shown.segments_by
  from {space}.audience_members as members
  join shown using (as_of, audience)
  where not {hides_no_audience}
) as found
left join {space}.cluster_profiles as segments
  on segments.as_of = found.as_of and segments.algorithm = found.segments_by and segments.label = found.seed_segment
where found.as_of {shown};

comment on view {bi}.{view} is 'The customers most like the seeds of each audience, up to its largest size, members and control group; never a seed, nor anybody excluded; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.audience is 'The audience.';
comment on column {bi}.{view}.customer_id is 'The customer.';
comment on column {bi}.{view}.rank is '1 for the customer most like the seeds, members and control together. An erased customer leaves a gap.';
comment on column {bi}.{view}.score is 'Larger is more like the seeds; comparable within one audience of one snapshot.';
comment on column {bi}.{view}.percentile is 'Share of the pool that ranks no higher, in percent: 100 for the first.';
comment on column {bi}.{view}.probability is 'Calibrated probability of belonging; null unless the file says who was contacted, or its label is known of everybody.';
comment on column {bi}.{view}.tier is 'The smallest size of the audience that includes the customer: a share of the pool.';
comment on column {bi}.{view}.role is 'member; or control: held back for comparison, by chance, the same customers every night.';
comment on column {bi}.{view}.reasons is 'At most three public columns that lift the customer most.';
comment on column {bi}.{view}.segment_algorithm is 'The algorithm of seed_segment; null where no segments are shown.';
comment on column {bi}.{view}.seed_segment is 'The segment (cluster_id) of seeds that the customer is most like: of those with at least five seeds, the one whose seeds'' centroid is nearest. Null if there is none.';

-- The segments, one row per segment: of every published snapshot, or of the current one. The
-- names that are filled in say which.
create or replace view {bi}.{view} with (security_barrier) as
select
  profiles.as_of,
  profiles.algorithm,
  profiles.cluster_id,
  profiles.label,
  ({shown_name}) as name,
  profiles.customers,
  profiles.share,
  profiles.medoid_id::{key_type} as medoid_id,
  case
    when not profiles.is_hidden then profiles.membership
    when profiles.customers >= {smallest_group} then round(profiles.membership::numeric, 2)::real
  end as membership,
  (
    select jsonb_object_agg(
      concat_ws(' ', trait.column_name, trait.value),
      jsonb_build_object('estimate', trait.estimate, 'low', trait.low, 'high', trait.high, 'everyone', trait.everyone)
    )
    from jsonb_to_recordset(profiles.profile) as trait (
      role text, column_name text, value text, estimate double precision, low double precision, high double precision,
      everyone double precision
    )
    where trait.role = 'label' and trait.column_name <> all ({private})
  ) as outcomes
from {space}.shown_profiles as profiles
where profiles.as_of {shown};

comment on view {bi}.{view} is 'One row per segment: its name, size, typical customer and outcomes, {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found.';
comment on column {bi}.{view}.cluster_id is 'The segment; the same number is the same segment from night to night.';
comment on column {bi}.{view}.label is 'The segment within this snapshot alone: 0 is the largest.';
comment on column {bi}.{view}.name is 'Its most distinctive features in at most 60 characters; it stays with cluster_id.';
comment on column {bi}.{view}.customers is 'Customers in the segment.';
comment on column {bi}.{view}.share is 'Share of all customers of the snapshot.';
comment on column {bi}.{view}.medoid_id is 'The customer nearest to the mean of the segment: a typical one. Null if that customer was erased.';
comment on column {bi}.{view}.membership is 'Mean membership of its customers (0 to 1). Where the spec has private features: to two decimals, for at least 20 customers.';
comment on column {bi}.{view}.outcomes is 'By label (and category): estimate in the segment, its 95 % interval (low, high), and that of everyone. Dates in days since 1970-01-01.';

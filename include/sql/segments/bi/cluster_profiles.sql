-- How each segment differs from all customers, and its outcomes: in every published snapshot, or in the
-- current one. The names that are filled in say which. A column that has become private since is not shown.
create or replace view {bi}.{view} with (security_barrier) as
select
  profiles.as_of,
  profiles.algorithm,
  profiles.cluster_id,
  ({shown_name}) as name,
  trait.role,
  trait.position,
  trait.column_name,
  trait.kind,
  trait.value,
  trait.customers,
  trait.missing,
  case when trait.kind = 'numeric' then trait.estimate end as mean,
  case when trait.kind not in ('numeric', 'date') then trait.estimate end as share,
  case when trait.kind = 'date' then to_timestamp(trait.estimate * 86400)::date end as mean_date,
  case when trait.kind <> 'date' then trait.low end as low,
  case when trait.kind <> 'date' then trait.high end as high,
  case when trait.kind = 'numeric' then trait.everyone end as everyone_mean,
  case when trait.kind not in ('numeric', 'date') then trait.everyone end as everyone_share,
  case when trait.kind = 'date' then to_timestamp(trait.everyone * 86400)::date end as everyone_mean_date,
  trait.everyone < trait.low or trait.everyone > trait.high as is_different,
  trait.effect
from {space}.shown_profiles as profiles
cross join lateral jsonb_to_recordset(profiles.profile) as trait (
  role text, position smallint, column_name text, kind text, value text, customers bigint, missing bigint,
  estimate double precision, low double precision, high double precision, everyone double precision,
  effect double precision
)
where profiles.as_of {shown}
  and trait.column_name <> all ({private});

comment on view {bi}.{view} is 'One row per mean or share of a segment beside that of all customers: the features with the largest effect sizes, and every label; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.algorithm is 'How the segments were found.';
comment on column {bi}.{view}.cluster_id is 'The segment.';
comment on column {bi}.{view}.name is 'The short name of the segment; it stays with cluster_id.';
comment on column {bi}.{view}.role is 'feature, or label for an outcome, which has no part in making the segments.';
comment on column {bi}.{view}.position is '1 for the row with the largest effect size of the segment and role.';
comment on column {bi}.{view}.column_name is 'The column of the source, or the feature of events.';
comment on column {bi}.{view}.kind is 'numeric, boolean, categorical or date; missing for the share of customers without a value.';
comment on column {bi}.{view}.value is 'The category whose share this is; null for other kinds.';
comment on column {bi}.{view}.customers is 'Customers of the segment that the mean or share is taken over: those with a value.';
comment on column {bi}.{view}.missing is 'Customers of the segment without a value, who are left out of the mean or share.';
comment on column {bi}.{view}.mean is 'Mean of a number in the segment.';
comment on column {bi}.{view}.share is 'Share of its customers that have the value, are true, or (kind missing) have no value; 0 to 1.';
comment on column {bi}.{view}.mean_date is 'Mean of a date.';
comment on column {bi}.{view}.low is 'Lower end of the 95 % interval of mean (Student) or share (Wilson).';
comment on column {bi}.{view}.high is 'Upper end of the 95 % interval of mean or share.';
comment on column {bi}.{view}.everyone_mean is 'Mean of all customers of the snapshot, noise too: the base rate of a number.';
comment on column {bi}.{view}.everyone_share is 'Share of all customers: the base rate.';
comment on column {bi}.{view}.everyone_mean_date is 'Mean date of all customers.';
comment on column {bi}.{view}.is_different is 'True where the interval excludes the mean or share of all customers.';
comment on column {bi}.{view}.effect is 'Effect size: Cohen''s d for numbers and dates, h for shares; 0.2 is small, 0.5 medium, 0.8 large. Null where the column is constant.';

-- What each segment has that others have not, and its outcomes, in the current snapshot.
create or replace view {bi}.cluster_profiles_current as
select
  profiles.as_of,
  profiles.algorithm,
  profiles.cluster_id,
  profiles.name,
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
from {space}.cluster_profiles as profiles
cross join lateral jsonb_to_recordset(profiles.profile) as trait (
  role text, position smallint, column_name text, kind text, value text, customers bigint, missing bigint,
  estimate double precision, low double precision, high double precision, everyone double precision,
  effect double precision
)
where profiles.as_of = (select current_snapshot.as_of from {space}.current_snapshot)
  and trait.column_name <> all ({private}::text[]);

comment on view {bi}.cluster_profiles_current is 'What each segment of the current snapshot has that others have not, and its outcomes.';
comment on column {bi}.cluster_profiles_current.as_of is 'The snapshot.';
comment on column {bi}.cluster_profiles_current.algorithm is 'How the segments were found.';
comment on column {bi}.cluster_profiles_current.cluster_id is 'The segment.';
comment on column {bi}.cluster_profiles_current.name is 'The short name of the segment; it stays with cluster_id.';
comment on column {bi}.cluster_profiles_current.role is 'feature, or label for an outcome, which has no part in making the segments.';
comment on column {bi}.cluster_profiles_current.position is '1 for the most telling row of the segment and role: that of the largest effect.';
comment on column {bi}.cluster_profiles_current.column_name is 'The column of the source.';
comment on column {bi}.cluster_profiles_current.kind is 'numeric, boolean, categorical or date; missing, where the share without a value is told.';
comment on column {bi}.cluster_profiles_current.value is 'The category whose share is told; null for other kinds.';
comment on column {bi}.cluster_profiles_current.customers is 'Customers of the segment that mean or share is of: those with a value.';
comment on column {bi}.cluster_profiles_current.missing is 'Customers of the segment without a value, who are left out of mean and share.';
comment on column {bi}.cluster_profiles_current.mean is 'Mean of a number in the segment.';
comment on column {bi}.cluster_profiles_current.share is 'Share of its customers that have the value, are true, or (kind missing) have no value; 0 to 1.';
comment on column {bi}.cluster_profiles_current.mean_date is 'Mean of a date.';
comment on column {bi}.cluster_profiles_current.low is 'Lower end of the 95 % interval of mean (Student) or share (Wilson).';
comment on column {bi}.cluster_profiles_current.high is 'Upper end of the 95 % interval of mean or share.';
comment on column {bi}.cluster_profiles_current.everyone_mean is 'Mean of all customers of the snapshot, noise too: the base rate of a number.';
comment on column {bi}.cluster_profiles_current.everyone_share is 'Share of all customers: the base rate.';
comment on column {bi}.cluster_profiles_current.everyone_mean_date is 'Mean date of all customers.';
comment on column {bi}.cluster_profiles_current.is_different is 'True where the interval excludes the mean or share of all customers.';
comment on column {bi}.cluster_profiles_current.effect is 'Effect size: Cohen''s d for numbers and dates, h for shares; 0.2 is small, 0.5 medium, 0.8 large. Null where the column is constant.';

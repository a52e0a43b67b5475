-- Statistics of each encoded column: for every published snapshot, and for builds that failed or are
-- running, which keep them in their facts.
create or replace view {bi}.column_quality with (security_barrier) as
select
  found.as_of,
  found.state,
  found.column_name,
  found.kind,
  found.encoder_version,
  found.customers,
  case when found.is_private then round(round(100.0 * found.missing / found.customers) * found.customers / 100)::bigint else found.missing end as missing,
  case when found.is_private then round(round(100.0 * found.unlisted / found.customers) * found.customers / 100)::bigint else found.unlisted end as unlisted,
  case when found.kind not in ('date', 'recency') and not found.is_private then found.minimum end as minimum,
  case when found.kind not in ('date', 'recency') and not found.is_private then found.maximum end as maximum,
  case when found.kind in ('date', 'recency') and not found.is_private then to_timestamp(found.minimum * 86400) end as earliest,
  case when found.kind in ('date', 'recency') and not found.is_private then to_timestamp(found.maximum * 86400) end as latest,
  case when not found.is_private then found.rejected end as rejected,
  case when found.is_private then round(found.stability_index::numeric, 2)::real else found.stability_index end as stability_index,
  found.previous_as_of,
  case when found.is_private then round(found.drift::numeric, 2)::real else found.drift end as drift
from (select *, column_name = any ({private}) or coalesce(own_private ? column_name, false) as is_private from (
  select
    quality.as_of, 'published' as state, column_name, kind, quality.encoder_version, quality.customers, missing, unlisted,
    minimum, maximum, rejected, stability_index, previous_as_of, drift,
    coalesce(snapshots.settings -> 'private', '[]')::jsonb || (
      select coalesce(jsonb_agg(signed.column_name), '[]')
      from {space}.signed_features as signed where signed.as_of = quality.as_of
    ) as own_private
  from {space}.column_quality as quality
  join {space}.snapshots on snapshots.as_of = quality.as_of and snapshots.status = 'published'
  union all
  select
    builds.as_of, builds.state, built.column_name, built.kind, builds.encoder_version, built.customers, built.missing,
    built.unlisted, built.minimum, built.maximum, built.rejected, built.stability_index, built.previous_as_of, built.drift,
    (builds.settings -> 'private')::jsonb
  from {space}.snapshot_builds as builds
  cross join lateral jsonb_to_recordset(builds.facts -> 'quality') as built (
    column_name text, kind text, customers bigint, missing bigint, unlisted bigint, minimum double precision,
    maximum double precision, rejected bigint, stability_index real, previous_as_of timestamptz, drift real
  )
  where builds.state in ('building', 'failed')
) as counted) as found;

comment on view {bi}.column_quality is 'One row per encoded column of a snapshot; also for builds that failed before publish.';
comment on column {bi}.column_quality.as_of is 'The snapshot.';
comment on column {bi}.column_quality.state is 'published; or building or failed, for a build that is not (yet) published.';
comment on column {bi}.column_quality.column_name is 'The column of the source, or the feature of events.';
comment on column {bi}.column_quality.kind is 'numeric, boolean, categorical, text or date; or how the feature is made of events: recency, count, distinct_count, sum, mean, share, days_between or items (how many).';
comment on column {bi}.column_quality.encoder_version is 'The encoder version that encoded it.';
comment on column {bi}.column_quality.customers is 'Customers in the snapshot.';
comment on column {bi}.column_quality.missing is 'Customers without a value; of a private column in whole percents of the customers.';
comment on column {bi}.column_quality.unlisted is 'Customers whose category was infrequent or unseen when the encoder was fitted; of a private column in whole percents of the customers.';
comment on column {bi}.column_quality.minimum is 'Smallest number, or characters of the shortest text; null where private, or where its customer was erased.';
comment on column {bi}.column_quality.maximum is 'Largest number, or characters of the longest text; null where private, or where its customer was erased.';
comment on column {bi}.column_quality.earliest is 'Earliest date; null where private, or where its customer was erased.';
comment on column {bi}.column_quality.latest is 'Latest date; null where private, or where its customer was erased.';
comment on column {bi}.column_quality.rejected is 'Rows of the window that were refused for this column; null where private.';
comment on column {bi}.column_quality.stability_index is 'Population stability index against the customers the encoder was fitted on; 0 where chance alone explains it.';
comment on column {bi}.column_quality.previous_as_of is 'The published snapshot before.';
comment on column {bi}.column_quality.drift is 'Population stability index against the snapshot before; null for the first.';

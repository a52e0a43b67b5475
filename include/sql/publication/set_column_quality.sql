-- Publish the figures of each column, as the build counted them.
insert into column_quality
  (as_of, column_name, kind, encoder_version, customers, missing, unlisted, minimum, maximum, rejected, stability_index, previous_as_of, drift, counts)
select
  builds.as_of, found.column_name, found.kind, builds.encoder_version, found.customers, found.missing, found.unlisted,
  found.minimum, found.maximum, found.rejected, found.stability_index, found.previous_as_of, found.drift, found.counts
from snapshot_builds as builds
cross join lateral jsonb_to_recordset(builds.facts -> 'quality') as found (
  column_name text, kind text, customers bigint, missing bigint, unlisted bigint, minimum double precision,
  maximum double precision, rejected bigint, stability_index real, previous_as_of timestamptz, drift real, counts bigint[]
)
where builds.as_of = %(as_of)s;

-- The newest published snapshot before a date, with the build that published it if that is still its newest one.
select
  snapshots.as_of,
  coalesce(snapshots.unchanged_since, snapshots.as_of),
  snapshots.encoder_version,
  snapshots.settings_hash,
  snapshots.customers,
  snapshots.late_customers,
  snapshots.erased_customers,
  builds.release,
  builds.facts
from snapshots
left join snapshot_builds as builds
  on builds.as_of = snapshots.as_of and builds.run_id = snapshots.published_by and builds.state = 'published'
where snapshots.status = 'published' and snapshots.as_of < %(as_of)s
order by snapshots.as_of desc
limit 1;

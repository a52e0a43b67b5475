-- A published snapshot as a build: with the settings and the encoder it was published with, which a later build
-- that is not published need not have. The last column is whether such a build may have replaced its artefacts.
select
  coalesce(snapshots.published_by, builds.run_id),
  snapshots.status,
  builds.window_start,
  coalesce(snapshots.settings, builds.settings),
  snapshots.settings_hash,
  snapshots.encoder_version,
  builds.may_refit,
  '{{}}'::jsonb,
  builds.may_fit,
  builds.release,
  exists (
    select from snapshot_builds as holder
    where holder.as_of = coalesce(snapshots.unchanged_since, snapshots.as_of)
      and holder.state <> 'published' and holder.settings_hash = snapshots.settings_hash
  )
from snapshots
join snapshot_builds as builds using (as_of)
where as_of = %(as_of)s and status = 'published';

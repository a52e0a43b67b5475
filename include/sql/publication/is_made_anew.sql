-- Whether a published snapshot is about to be replaced by one of other rows, another encoder or another spec.
select
  snapshots.late_customers > 0
  or snapshots.erased_customers > 0
  or (snapshots.encoder_version, snapshots.settings_hash) is distinct from (builds.encoder_version, builds.settings_hash)
from snapshots
join snapshot_builds as builds using (as_of)
where snapshots.as_of = %(as_of)s;

-- The newest build of a snapshot.
select run_id, state, window_start, settings, settings_hash, encoder_version, may_refit, facts, may_fit, release
from snapshot_builds
where as_of = %(as_of)s;

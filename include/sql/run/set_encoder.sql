-- Note which encoder a build uses, if it is still this run's.
update snapshot_builds
set encoder_version = %(encoder_version)s
where as_of = %(as_of)s and run_id = %(run_id)s;

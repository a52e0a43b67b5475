-- Record which encoder a build uses, if it still belongs to this run.
update snapshot_builds
set encoder_version = %(encoder_version)s
where as_of = %(as_of)s and run_id = %(run_id)s;

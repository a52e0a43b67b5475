-- Note which encoder a build uses.
update snapshot_builds set encoder_version = %(encoder_version)s where as_of = %(as_of)s;

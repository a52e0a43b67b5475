-- Add what a stage found out to the build.
update snapshot_builds set facts = facts || %(facts)s where as_of = %(as_of)s;

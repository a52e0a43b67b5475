-- Add what a stage found out to the build, if it is still this run's.
update snapshot_builds set facts = facts || %(facts)s where as_of = %(as_of)s and run_id = %(run_id)s;

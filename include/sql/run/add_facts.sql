-- Add a stage's findings to the build, if it still belongs to this run.
update snapshot_builds set facts = facts || %(facts)s where as_of = %(as_of)s and run_id = %(run_id)s;

-- Rows that were late until now will be read by this build: reset the count.
update snapshot_builds set late_customers = 0 where as_of = %(as_of)s and run_id = %(run_id)s;

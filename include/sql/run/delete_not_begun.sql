-- Once a run builds the snapshot, delete the reason why an earlier run could not.
update run_notes set failed_task = null, failure = null where as_of = %(as_of)s;

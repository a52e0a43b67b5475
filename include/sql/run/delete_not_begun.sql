-- A run has begun to build the snapshot: why an earlier one could not is of no interest any more.
update run_notes set failed_task = null, failure = null where as_of = %(as_of)s;

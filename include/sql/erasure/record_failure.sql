-- Record in one line why a request failed; it can be tried again.
update erasure_requests set status = 'failed', failure = %(failure)s where number = %(request)s and status <> 'done';

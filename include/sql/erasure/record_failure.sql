-- Note in one line why a request could not be met; it can be tried again.
update erasure_requests set status = 'failed', failure = %(failure)s where number = %(request)s and status <> 'done';

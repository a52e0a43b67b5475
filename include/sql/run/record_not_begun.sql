-- Record why a run could not begin to build a snapshot.
insert into run_notes (as_of, as_of_date, failed_task, failure, failure_detail)
values (%(as_of)s, %(as_of_date)s, %(task)s, %(failure)s, %(detail)s)
on conflict (as_of) do update
set failed_task = excluded.failed_task, failure = excluded.failure, failure_detail = excluded.failure_detail;

-- Record why a run could not begin to build a snapshot.
insert into run_notes (as_of, failed_task, failure)
values (%(as_of)s, %(task)s, %(failure)s)
on conflict (as_of) do update
set failed_task = excluded.failed_task, failure = excluded.failure;

-- Record when the scheduled run of a snapshot was first found to be late.
insert into run_notes (as_of, as_of_date, missed_deadline_at)
values (%(as_of)s, %(as_of_date)s, now())
on conflict (as_of) do update
set missed_deadline_at = coalesce(run_notes.missed_deadline_at, excluded.missed_deadline_at);

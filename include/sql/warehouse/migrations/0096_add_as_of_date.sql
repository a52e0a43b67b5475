-- The date of a snapshot by the clock of its schedule, where that is not UTC.
alter table snapshot_builds add column as_of_date date;
alter table run_notes add column as_of_date date;

comment on column snapshot_builds.as_of_date is 'The date of as_of in the time zone of the schedule; null if that is UTC.';
comment on column run_notes.as_of_date is 'The same; null also in notes of earlier releases.';

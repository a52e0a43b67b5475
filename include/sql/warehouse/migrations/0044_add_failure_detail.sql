-- The whole text of a failure, which may quote customers' values and ids; failure itself quotes none.
alter table snapshot_builds add column failure_detail text;
alter table run_notes add column failure_detail text;
comment on column snapshot_builds.failure_detail is 'The whole error, where it may quote values or ids of customers.';
comment on column run_notes.failure_detail is 'The whole error, where it may quote values or ids of customers.';
update snapshot_builds set failure_detail = failure, failure = 'see the task''s log' where failure is not null;
update run_notes set failure_detail = failure, failure = 'see the task''s log' where failure is not null;

-- The ids that the seeds of audiences and their other populations were resolved to, so that a date that is run again
-- finds the same people.
create table audience_resolutions (
  as_of timestamptz not null,
  audience text not null,
  role text not null,
  digest text not null,
  given bigint not null,
  warnings text[] not null,
  resolved_at timestamptz not null default now(),
  primary key (as_of, audience, role)
);

comment on table audience_resolutions is 'Which populations of audiences have been resolved for a date; those by labels are not among them.';
comment on column audience_resolutions.role is 'seed, contacted or exclude.';
comment on column audience_resolutions.digest is 'Digest of what the file said of the population.';
comment on column audience_resolutions.given is 'Distinct ids that it gave, customers or not.';
comment on column audience_resolutions.warnings is 'What was odd about them, in sentences without ids and values.';

create table audience_ids (
  as_of timestamptz not null,
  audience text not null,
  role text not null,
  customer_id customer_key not null,
  primary key (as_of, audience, role, customer_id)
);

create index on audience_ids (customer_id);

comment on table audience_ids is 'The ids of these populations; not all need be customers. They go with the snapshot of their date.';

-- What exports had achieved by a snapshot: members beside control group, by intention to treat.
create table audience_results (
  as_of timestamptz not null,
  number integer not null references audience_exports,
  outcome text not null,
  outcome_columns text[] not null,
  days integer not null,
  counted_until timestamptz not null,
  is_over boolean not null,
  members bigint,
  member_outcomes bigint,
  members_before bigint,
  control bigint,
  control_outcomes bigint,
  control_before bigint,
  difference double precision,
  low double precision,
  high double precision,
  verdict text not null,
  reason text,
  primary key (as_of, number)
);

comment on table audience_results is 'One row per snapshot and finished export from before it, if the audience''s file names an outcome.';
comment on column audience_results.outcome is 'The label or event, in words.';
comment on column audience_results.outcome_columns is 'The labels of the outcome. If one of them is private, readers do not see the row.';
comment on column audience_results.counted_until is 'Outcomes before it count: the end of the days, or the snapshot.';
comment on column audience_results.members is 'Members who are compared: without those who had the outcome at export, and without the erased.';
comment on column audience_results.members_before is 'Members who had the outcome at export.';

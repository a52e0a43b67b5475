-- Audiences of a snapshot, one row per file: what became of each, how good it is, and whom it shares with others. They
-- are small and written in publish; their members are partitions.
create table audiences (
  as_of timestamptz not null,
  audience text not null,
  status text not null,
  reason text,
  seeds_given bigint,
  seeds_known bigint,
  seeds_excluded bigint,
  seeds_used bigint,
  contacted bigint,
  pool bigint,
  method text,
  sizes double precision[],
  counts bigint[],
  cutoffs double precision[],
  control_share double precision,
  brier double precision,
  brier_base double precision,
  warnings text[] not null default '{{}}',
  used_columns text[] not null default '{{}}',
  reason_columns text[] not null default '{{}}',
  segments_by text,
  settings jsonb,
  primary key (as_of, audience)
);

comment on table audiences is 'One row per audience of a snapshot, whether or not it has members.';
comment on column audiences.counts is 'Customers up to each size, members and control together, when it was trained.';
comment on column audiences.cutoffs is 'The score of the last customer up to each size.';
comment on column audiences.used_columns is 'The columns that its file names: labels, and conditions of its pool. If one of them is private, readers do not see it.';
comment on column audiences.reason_columns is 'The columns that the reasons of its members number, from 1.';
comment on column audiences.segments_by is 'The algorithm whose labels its members'' seed_segment is.';
comment on column audiences.settings is 'Its file as it was read; null if it could not be.';

create table audience_quality (
  as_of timestamptz not null,
  audience text not null,
  method text not null,
  size double precision not null,
  customers bigint not null,
  seeds bigint,
  recall double precision,
  recall_low double precision,
  recall_high double precision,
  lift double precision,
  lift_low double precision,
  lift_high double precision,
  predicted double precision,
  predicted_lift double precision,
  observed double precision,
  observed_low double precision,
  observed_high double precision,
  primary key (as_of, audience, method, size)
);

comment on table audience_quality is 'How good the ranking of an audience is, beside others; and with method probability how right its probabilities are.';

create table audience_overlap (
  as_of timestamptz not null,
  audience text not null,
  other text not null,
  customers bigint not null,
  share double precision not null,
  primary key (as_of, audience, other)
);

comment on table audience_overlap is 'Members that two audiences of a snapshot share.';

create table audience_keys (
  audience text primary key,
  key bytea not null check (octet_length(key) between 16 and 64)
);

comment on table audience_keys is 'The key that draws the control group of an audience, in every night and export.';
comment on column audience_keys.key is 'At first made from the names of space and audience; whoever replaces it draws another control group.';

alter table snapshots add column audience_members bigint;
comment on column snapshots.audience_members is 'Members and control of its audiences when it was published; null where it has no audiences.';

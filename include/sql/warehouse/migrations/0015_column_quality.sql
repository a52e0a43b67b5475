-- What each encoded column of a published snapshot looked like, and how far it had drifted.
-- counts are customers by bin of the encoder's reference; those of two snapshots can be compared
-- where the encoder is the same.
create table column_quality (
  as_of timestamptz not null,
  column_name text not null,
  kind text not null,
  encoder_version integer not null,
  customers bigint not null,
  missing bigint not null,
  unlisted bigint,
  minimum double precision,
  maximum double precision,
  rejected bigint not null,
  stability_index real not null,
  previous_as_of timestamptz,
  drift real,
  counts bigint[] not null,
  primary key (as_of, column_name)
);

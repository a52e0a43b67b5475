-- Which earlier snapshot's partitions a snapshot shares, and how often versions have been completed in place.
alter table snapshots add column unchanged_since timestamptz;

comment on column snapshots.unchanged_since is 'The earlier snapshot whose lookalikes and segments are this one''s too, since nothing had changed; null if it has its own. Never one that shares them itself.';

create index on snapshots (unchanged_since) where unchanged_since is not null;

create table version_fills (
  fills bigint not null
);
insert into version_fills (fills) values (0);

comment on table version_fills is 'One row: how often values that versions lacked have been filled in where they stand.';
comment on column version_fills.fills is 'Landings that have filled some. Two snapshots with the same number have read the same values of the same versions.';

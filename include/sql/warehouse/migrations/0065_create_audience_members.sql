-- Members and control group of every audience, one partition per snapshot, filled aside like lookalikes.
create table audience_members (
  as_of timestamptz not null,
  audience text not null,
  customer_id customer_key not null,
  rank integer not null,
  score double precision not null,
  percentile double precision not null,
  probability double precision,
  tier double precision not null,
  role text not null,
  reason_1 smallint,
  reason_2 smallint,
  reason_3 smallint,
  seed_segment integer,
  primary key (as_of, audience, rank)
) partition by list (as_of);

create index on audience_members (as_of, customer_id);

comment on table audience_members is 'The best customers of the pool, up to the largest size; never a seed, nor anybody excluded.';
comment on column audience_members.rank is '1 for the customer most like the seeds. An erased customer leaves a gap.';
comment on column audience_members.tier is 'The smallest size of the audience that includes the customer: a share of the pool.';
comment on column audience_members.role is 'member, or control.';
comment on column audience_members.reason_1 is 'Number of the column in audiences.reason_columns that lifts the customer most.';
comment on column audience_members.seed_segment is 'The label of the segment, of those that seeds are in, whose seeds are nearest.';

-- Where the customers of each snapshot lie on the map of its encoder: one row per customer, one partition per
-- snapshot, filled aside like lookalikes. And how faithful each map is.
create table customer_map (
  as_of timestamptz not null,
  customer_id customer_key not null,
  x real not null,
  y real not null,
  updated_at timestamptz not null
) partition by list (as_of);
comment on column customer_map.updated_at is 'The version of the customer that the snapshot was made of, as in customer_versions.';

create table map_quality (
  as_of timestamptz primary key,
  customers bigint not null,
  landmarks integer not null,
  neighbours integer not null,
  trustworthiness double precision,
  standard_error double precision,
  sample_size integer not null
);
comment on column map_quality.trustworthiness is 'Null if there are too few unlike customers to measure it';

alter table snapshots add column mapped bigint;
comment on column snapshots.mapped is 'Rows of customer_map; null if an earlier release has published it.';

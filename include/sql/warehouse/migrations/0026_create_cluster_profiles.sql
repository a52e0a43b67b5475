-- What each cluster of a published snapshot is like; what its name is made of stands in name_terms.
-- profile is a list: role (feature or label), position, column, kind, value, customers, missing,
-- estimate, low, high, everyone, effect. label does not depend on the order of dates, as cluster_id
-- and name do.
create table cluster_profiles (
  as_of timestamptz not null,
  algorithm text not null,
  label integer not null,
  cluster_id integer not null,
  name text not null,
  name_terms text[] not null,
  customers bigint not null,
  share double precision not null,
  medoid_id customer_key not null,
  membership real not null,
  profile jsonb not null,
  primary key (as_of, algorithm, label)
);

create index on cluster_profiles (algorithm, cluster_id, as_of);

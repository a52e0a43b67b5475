-- The lookalikes that readers see in a space with private features: found by the public part of the
-- vectors alone, since lists that depend on a private column give its values away (docs/design.md).
create table public_lookalikes (
  as_of timestamptz not null,
  customer_id customer_key not null,
  rank smallint not null,
  lookalike_id customer_key not null,
  distance real not null,
  primary key (as_of, customer_id, rank)
) partition by list (as_of);

create index on public_lookalikes (as_of, lookalike_id);

comment on column public_lookalikes.distance is 'Distance of the public parts of the vectors.';

alter table snapshots
  add column hidden_features text[] not null default '{{}}',
  add column hidden_algorithms text[] not null default '{{}}';
comment on column snapshots.hidden_features is 'The private features that its public lookalikes leave out.';
comment on column snapshots.hidden_algorithms is 'Algorithms whose segments are not shown, as they would give hidden features away.';

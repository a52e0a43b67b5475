-- Items for every customer, one partition per snapshot, filled aside like lookalikes; and the items themselves.
create table recommended_items (
  as_of timestamptz not null,
  item_number integer not null,
  item text not null,
  name text,
  share real not null,
  primary key (as_of, item_number),
  unique (as_of, item)
);

comment on table recommended_items is 'The items that could be recommended in a snapshot: available, and owned by at least five customers.';
comment on column recommended_items.item_number is 'The place of the item among those of the snapshot, in the order of their keys; from 0.';
comment on column recommended_items.name is 'Its name in the catalogue as of the snapshot; null without one.';
comment on column recommended_items.share is 'Share of owners among the customers who own anything.';

create table customer_recommendations (
  as_of timestamptz not null,
  customer_id customer_key not null,
  item_number integer not null,
  score real not null,
  rank smallint not null,
  bought_by smallint not null,
  neighbours smallint not null,
  method smallint not null,
  primary key (as_of, customer_id, rank)
) partition by list (as_of);

create index on customer_recommendations (as_of, item_number);

comment on column customer_recommendations.bought_by is 'How many of the neighbours own the item.';
comment on column customer_recommendations.neighbours is 'How many neighbours were asked; 0 if there were none.';
comment on column customer_recommendations.method is '1 neighbours, 2 profile, 3 popular, 4 repurchase.';

alter table snapshots
  add column recommendations bigint,
  add column item_names text[],
  add column catalogue_as_of timestamptz;
comment on column snapshots.recommendations is 'Rows of recommendations; null where its spec asks for none.';
comment on column snapshots.item_names is 'The names by which a spec can call the recommended items private.';
comment on column snapshots.catalogue_as_of is 'When the catalogue of its items landed; null if none had.';

-- What the customers of each snapshot had done: one row per customer, with the features of events in the order of the
-- snapshot's settings. It is filled if the spec has such features.
create table customer_behaviour (
  as_of timestamptz not null,
  customer_id customer_key not null,
  numbers double precision[] not null,
  primary key (as_of, customer_id)
) partition by list (as_of);

comment on column customer_behaviour.numbers is 'Per feature of events its value, NaN where missing; a recency in days since 1970-01-01, of items how many';

-- The k most similar customers of every customer, one partition a snapshot.
create table customer_lookalikes (
  as_of timestamptz not null,
  customer_id customer_key not null,
  rank smallint not null,
  lookalike_id customer_key not null,
  distance real not null,
  primary key (as_of, customer_id, rank)
) partition by list (as_of);

create index on customer_lookalikes (as_of, lookalike_id);

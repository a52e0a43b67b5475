-- A few thousand customers of each snapshot of a space with private features, by whom publish judges what the segments
-- of several nights together would give away.
create table disclosure_samples (
  as_of timestamptz not null,
  customer_id customer_key not null,
  numbers double precision[] not null,
  primary key (as_of, customer_id)
);

comment on column disclosure_samples.numbers is 'the label by each algorithm, in the order of the snapshot''s settings, then the vector';

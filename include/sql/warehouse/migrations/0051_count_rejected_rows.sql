-- Equal rows are stored once: how many there were, and whether their key can be that of a customer.
alter table rejected_rows
  add column source_rows bigint not null default 1,
  add column has_usable_key boolean not null default true;

comment on column rejected_rows.source_rows is 'How many equal rows one reading of the source brought';
comment on column rejected_rows.has_usable_key is 'False if customer_id shows a key that cannot be that of a customer, such as 1.5';

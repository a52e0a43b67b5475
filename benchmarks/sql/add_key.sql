-- The key that a source usually has.
alter table customers add primary key (customer_id);

-- Customers of a snapshot whose rows arrived after it was read, and would change it.
alter table snapshots add column late_customers bigint not null default 0;
alter table snapshot_builds add column late_customers bigint not null default 0;

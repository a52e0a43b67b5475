-- Detach a partition. Locks: ACCESS EXCLUSIVE on the parent; run it with a short lock_timeout.
alter table {parent} detach partition {partition};

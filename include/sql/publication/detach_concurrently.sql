-- Detach a partition while others are read. Locks: SHARE UPDATE EXCLUSIVE on the parent; it waits for
-- every transaction that uses the parent.
alter table {parent} detach partition {partition} concurrently;

-- Attach a table as a partition. Locks: SHARE UPDATE EXCLUSIVE on the parent, which does not block
-- readers.
alter table {parent} attach partition {partition} for values in ({as_of});

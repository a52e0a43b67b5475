-- Make a table a partition. Locks: SHARE UPDATE EXCLUSIVE on the parent, which readers do not feel.
alter table {parent} attach partition {partition} for values in ({as_of});

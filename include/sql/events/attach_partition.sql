-- Attach the partition of a month: readers of the others need not wait for it.
alter table {parent} attach partition {partition} for values from ({lower}) to ({upper});

-- Finish a DETACH CONCURRENTLY that was killed.
alter table {parent} detach partition {partition} finalize;

-- Finish what a killed DETACH CONCURRENTLY has begun.
alter table {parent} detach partition {partition} finalize;

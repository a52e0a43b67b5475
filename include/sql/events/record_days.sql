-- Record how many rows the source has of each day that was read.
insert into event_days (event, day, rows_read)
select %(event)s, day, rows_read
from unnest(%(days)s::date[], %(rows_read)s::bigint[]) as read (day, rows_read)
on conflict (event, day) do update set rows_read = excluded.rows_read;

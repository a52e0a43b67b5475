-- What the landings have read of each day.
insert into event_days (event, day, rows_read)
select 'purchases', (at at time zone 'UTC')::date, count(*) from public.order_lines group by 2
on conflict (event, day) do update set rows_read = excluded.rows_read;

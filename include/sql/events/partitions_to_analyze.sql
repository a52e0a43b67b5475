-- Partitions of events that have grown by more than a tenth, or were never analysed.
select arrived.partition
from (
  select {events} || ' ' || case when at < '1900-01-01 00:00:00+00' then 'before 1900' else to_char(at at time zone 'UTC', 'YYYY-MM') end as partition, count(*) as events
  from {landing} as landed
  where at > '0001-12-31 BC' and at < '10000-01-02'
  group by 1
) as arrived
join pg_class on pg_class.oid = to_regclass(quote_ident(arrived.partition))
where reltuples < 10 * arrived.events
order by 1;

-- Rows per day (UTC) that have just arrived; all that is older than 1900 counts as one day.
select greatest((at at time zone 'UTC')::date, date '1899-12-31') as day, count(*)
from {landing}
where at > '0001-12-31 BC' and at < '10000-01-02'
group by 1;

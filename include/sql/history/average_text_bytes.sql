-- Average total bytes of some columns over the first 5,000 customers: enough for a forecast.
select coalesce(avg(octet_length(concat({columns}))), 0)::float8
from (select {columns} from ({customers}) as customers limit 5000) as sample;

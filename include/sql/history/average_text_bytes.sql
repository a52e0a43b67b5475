-- Average bytes of some columns together, from the customers that are read first: no more than a forecast needs.
select coalesce(avg(octet_length(concat({columns}))), 0)::float8
from (select {columns} from ({customers}) as customers limit 5000) as sample;

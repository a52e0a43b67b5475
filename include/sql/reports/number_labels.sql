-- Which labels are numbers among the columns of bi.customers.
select attname::text
from pg_attribute
where attrelid = to_regclass(format('%%I.customers', %(schema)s))
  and attname::text = any (%(labels)s)
  and atttypid = any ('{{int2,int4,int8,float4,float8,numeric}}'::regtype[])
order by attname;

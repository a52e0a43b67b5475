-- The partitions of months before that of a moment.
select child.relname::text
from pg_inherits
join pg_class as child on child.oid = inhrelid
where inhparent = to_regclass(quote_ident(%(table)s))
  and case
    when child.relname like '%% before 1900' then true
    else to_date(substring(child.relname from ' (\S+)$'), 'YYYY-MM') < date_trunc('month', %(kept_from)s::timestamptz at time zone 'UTC')
  end
order by 1;

-- The months (UTC) of some events that have no partition yet, as text, with their bounds. What is older than 1900 is one
-- of them, without a lower bound: it is a mistake or a placeholder, and rare.
select month, lower_bound, upper_bound
from (
  select distinct
    case when is_old then 'before 1900' else to_char(month_start at time zone 'UTC', 'YYYY-MM') end as month,
    case when not is_old then month_start::text end as lower_bound,
    (case when is_old then '1900-01-01 00:00:00+00' else month_start + interval '1 month' end)::text as upper_bound
  from (
    select distinct date_trunc('month', at, 'UTC') as month_start, at < '1900-01-01 00:00:00+00' as is_old
    from {landing} as landed
    where at > '0001-12-31 BC' and at < '10000-01-02'
  ) as months
) as wanted
where to_regclass(quote_ident(%(table)s || ' ' || month)) is null
order by lower_bound nulls first;

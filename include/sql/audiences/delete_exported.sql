-- Delete the customers of exports that no result needs any more: their days have been over for so many days, and they
-- are older than is kept. The exports and their counts stay. Of an export that was made without an outcome, the days are
-- those that its audience's file says now. Returns the exports, and whether any night has counted them.
with old as (
  select exports.number
  from audience_exports as exports
  where exports.exported_at < %(as_of)s::timestamptz - make_interval(days => %(kept_days)s)
    and exports.exported_at < %(as_of)s::timestamptz - make_interval(
      days => coalesce((exports.outcome ->> 'days')::integer, (%(days)s::jsonb ->> exports.audience)::integer, 0) + %(late_days)s
    )
),
gone as (
  delete from audience_export_customers where number in (select number from old) returning number
)
select
  gone.number, count(*),
  exists (
    select from audience_results as results where results.number = gone.number and results.verdict <> 'not counted'
  )
from gone
group by gone.number
order by gone.number;

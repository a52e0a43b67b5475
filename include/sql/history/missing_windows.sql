-- Windows before an end that have not landed yet: the gaps between those that have.
with landed as (
  select range_agg(tstzrange(window_start, window_end)) as windows
  from extracted_windows
)
select lower(gap)::text as window_start, upper(gap)::text as window_end
from landed
cross join lateral unnest(
  tstzmultirange(tstzrange('-infinity', %(window_end)s::timestamptz)) - coalesce(landed.windows, '{{}}'::tstzmultirange)
) as gap
order by 1;

-- The most memory that each stage of the newest builds has forecast; where a stage forecasts none, what it has used.
select stage, max(coalesce(forecast_mb ->> stage, peak_mb ->> stage)::bigint)
from (
  select stage_forecast_mb as forecast_mb, stage_peak_mb as peak_mb
  from snapshot_builds
  order by as_of desc
  limit %(newest)s
) as newest
cross join lateral jsonb_object_keys(forecast_mb || peak_mb) as stages (stage)
group by stage
order by stage;

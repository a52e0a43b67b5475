-- Record the highest memory forecast of a stage, if the build still belongs to this run.
update snapshot_builds
set stage_forecast_mb = stage_forecast_mb || jsonb_build_object(
  %(stage)s::text,
  greatest((stage_forecast_mb ->> %(stage)s)::bigint, %(megabytes)s::bigint)
)
where as_of = %(as_of)s and run_id = %(run_id)s;

-- The memory that each stage has forecast before it began, in MB.
alter table snapshot_builds add column stage_forecast_mb jsonb not null default '{{}}';

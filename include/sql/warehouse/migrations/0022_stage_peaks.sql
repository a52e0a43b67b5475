-- The most memory that a process of each stage has held, in MB.
alter table snapshot_builds add column stage_peak_mb jsonb not null default '{{}}';

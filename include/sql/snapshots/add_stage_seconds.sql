-- Add the seconds of a stage; mapped instances of a stage add up.
update snapshot_builds
set stage_seconds = stage_seconds || jsonb_build_object(
  %(stage)s::text,
  round((coalesce((stage_seconds ->> %(stage)s)::numeric, 0) + %(seconds)s::numeric), 2)
)
where as_of = %(as_of)s;

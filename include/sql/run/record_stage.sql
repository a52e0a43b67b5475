-- Add the seconds of a stage (summed over its mapped instances), and record the highest memory peak.
update snapshot_builds
set
  stage_seconds = stage_seconds || jsonb_build_object(
    %(stage)s::text,
    round((coalesce((stage_seconds ->> %(stage)s)::numeric, 0) + %(seconds)s::numeric), 2)
  ),
  stage_peak_mb = stage_peak_mb || jsonb_build_object(
    %(stage)s::text,
    greatest((stage_peak_mb ->> %(stage)s)::bigint, %(peak_mb)s::bigint)
  )
where as_of = %(as_of)s;

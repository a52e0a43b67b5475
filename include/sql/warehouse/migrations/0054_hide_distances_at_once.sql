-- A column that becomes private is hidden at once in all that follows from it, unless the spec that says so
-- publishes distances. Which of the two is taken from the newest build that calls the column private.
alter table private_columns add column hides_distances boolean not null default true;

comment on column private_columns.hides_distances is 'Whether readers may not compare customers by it either: false if the spec publishes distances, or if it is no feature.';

update private_columns
set hides_distances = coalesce(
  (
    select not coalesce((builds.settings ->> 'publish_distances')::boolean, false)
    from snapshot_builds as builds
    where (builds.settings -> 'private')::jsonb ? private_columns.column_name
    order by builds.started_at desc
    limit 1
  ),
  true
);

-- Show the columns again that the spec of a published build no longer calls private, unless a run that was
-- prepared later does.
delete from private_columns
using snapshot_builds as build
where build.as_of = %(as_of)s
  and private_columns.demanded_at <= build.started_at
  and not (build.settings -> 'private')::jsonb ? private_columns.column_name;

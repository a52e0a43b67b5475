-- The audiences that readers do not see: a column that its file names is private, in the spec of its snapshot or in one
-- that has been prepared since, or its snapshot was made by a feature that is hidden now, or with the signs of a column, as in shown_snapshots.
create or replace view {space}.private_audiences as
select audiences.as_of, audiences.audience
from {space}.audiences
join {space}.snapshots using (as_of)
where coalesce(snapshots.settings -> 'private', '[]')::jsonb ?| audiences.used_columns
  or exists (
    select from {space}.private_columns where private_columns.column_name = any (audiences.used_columns)
  )
  or exists (
    select from {space}.hidden_columns as hidden
    where hidden.column_name <> all (snapshots.hidden_features)
      and (snapshots.settings is null or snapshots.settings -> 'features' -> hidden.column_name is not null)
  )
  or exists (
    select from {space}.signed_features as signed where signed.as_of = audiences.as_of and signed.hides_distances
  );

comment on view {space}.private_audiences is 'The audiences that readers do not see.';

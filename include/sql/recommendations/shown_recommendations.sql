-- The published snapshots whose recommendations readers see: those whose lookalikes they see, unless the items are
-- private, in its own spec or in one that has been prepared since.
create or replace view {space}.shown_recommendations as
select shown.as_of, snapshots.catalogue_as_of
from {space}.shown_snapshots as shown
join {space}.snapshots using (as_of)
where snapshots.item_names is not null
  and not coalesce(snapshots.settings -> 'private', '[]')::jsonb ?| snapshots.item_names
  and not exists (
    select from {space}.private_columns where private_columns.column_name = any (snapshots.item_names)
  );

comment on view {space}.shown_recommendations is 'The published snapshots whose recommendations readers see.';

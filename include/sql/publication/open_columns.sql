-- Show what the spec of a published build shows: columns that it uses and does not call private, and distances by
-- those for which it publishes them, unless a run that was prepared later hides them. Of a column that it does not
-- use it says nothing: that stays as it was.
update private_columns
set hides_distances = false
from snapshot_builds as build
where build.as_of = %(as_of)s
  and private_columns.demanded_at <= build.started_at
  and (build.settings ->> 'publish_distances')::boolean
  and (build.settings -> 'private')::jsonb ? private_columns.column_name;
delete from private_columns
using snapshot_builds as build
where build.as_of = %(as_of)s
  and private_columns.demanded_at <= build.started_at
  and not (build.settings -> 'private')::jsonb ? private_columns.column_name
  and (
    build.settings -> 'features' -> private_columns.column_name is not null
    or (build.settings -> 'labels')::jsonb ? private_columns.column_name
    or exists (
      select from snapshots
      where snapshots.as_of = build.as_of and private_columns.column_name = any (snapshots.item_names)
    )
    or exists (
      select from json_each(build.settings -> 'events') as events (name, given)
      where events.given ->> private_columns.column_name is not null
        or private_columns.column_name in (events.given ->> 'item', events.given ->> 'amount', events.given ->> 'quantity')
    )
    or exists (
      select from json_each(build.settings -> 'features') as feature (name, given)
      where feature.given -> 'of' is not null
        and private_columns.column_name in (feature.given ->> 'column', feature.given ->> 'by')
    )
  );

-- What was made with the signs of an amount or quantity that is private now: features of events, and recommendations
-- (without a name). A line counts as a purchase or as given back by the sign of either, so that beside what is made
-- without, these would show who gave what back. A snapshot whose own spec calls the column private is made without.
create or replace view {space}.signed_features as
select snapshots.as_of, made.column_name, hidden.hides_distances
from {space}.private_columns as hidden
join {space}.snapshots
  on hidden.column_name in ('amount', 'quantity')
  and not coalesce(snapshots.settings -> 'private', '[]')::jsonb ? hidden.column_name
cross join lateral json_each(snapshots.settings -> 'events') as events (name, given)
cross join lateral (
  select feature.name
  from json_each(snapshots.settings -> 'features') as feature (name, given)
  where feature.given ->> 'of' = events.name
  union all
  select null
  where snapshots.settings #>> '{{recommendations,of}}' = events.name
) as made (column_name)
where events.given ->> hidden.column_name is not null;

comment on view {space}.signed_features is 'What was made with the signs of an amount or quantity that is private now.';

-- Hide columns from now on, until a build that began later publishes them as no longer private; and what
-- follows from those that hide distances.
insert into {space}.private_columns (column_name, hides_distances)
select demanded.column_name, demanded.column_name = any (%(hidden)s::text[])
from unnest(%(private)s::text[]) as demanded (column_name)
on conflict (column_name) do update
set
  demanded_at = excluded.demanded_at,
  hides_distances = private_columns.hides_distances or excluded.hides_distances;

-- Features that readers may compare customers by in no snapshot: those that the current one hides, and those
-- that a spec prepared since calls private. A column can come twice.
create or replace view {space}.hidden_columns as
select unnest(snapshots.hidden_features) as column_name
from {space}.current_snapshot
join {space}.snapshots using (as_of)
union all
select column_name from {space}.private_columns where hides_distances;

comment on view {space}.hidden_columns is 'Features that readers may compare customers by in no snapshot.';

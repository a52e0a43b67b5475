-- Tables of generations that serve nobody and no running build has made.
select generation, table_name
from index_builds
where table_name is not null
  and (
    state = 'retired'
    or (state in ('building', 'ready') and as_of not in (select as_of from snapshot_builds where state = 'building'))
  );

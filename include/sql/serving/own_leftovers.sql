-- Tables of generations left behind by earlier tries at this snapshot.
select generation, table_name
from index_builds
where as_of = %(as_of)s and table_name is not null and state in ('building', 'ready');

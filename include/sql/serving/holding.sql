-- The replaced generation that still holds a snapshot as it was published.
select builds.generation, builds.table_name
from index_builds as builds
join snapshots on snapshots.as_of = builds.holds_as_of and snapshots.published_at = builds.holds_published_at
where builds.state = 'retired'
  and builds.table_name is not null
  and builds.holds_as_of = %(as_of)s
  and snapshots.status = 'published'
order by builds.generation desc
limit 1;

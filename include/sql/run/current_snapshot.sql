-- The current snapshot and the table that serves its embeddings.
select
  published.as_of,
  published.generation,
  published.encoder_version,
  builds.table_name,
  builds.dimensions,
  snapshots.published_at::text
from current_snapshot as published
left join index_builds as builds using (generation)
left join snapshots on snapshots.as_of = published.as_of;

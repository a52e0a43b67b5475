-- Tables of this schema that belong to runs: landed rows, customers of snapshots, staged differences,
-- tables filled aside.
select relname::text
from pg_class
where relnamespace = to_regnamespace(quote_ident(%(schema)s))::oid
  and relkind = 'r'
  and not relispartition
  and relname ~ '^(landing_(rows|keys|found|catalogue|events_\d+)|snapshot_customers|customer_(embeddings_delta|lookalikes|clusters|behaviour|recommendations)|public_lookalikes|recommended_items|audience_members)_\d{{8}}t\d{{6}}(_\d+)?(_next|_copied)?$';

-- The rows a generation was made with, the kind of index that was asked for, how its index is asked,
-- and what it found when it was new.
select
  rows,
  k,
  metric,
  coalesce(plan ->> 'method', 'ivfflat') as asked_method,
  coalesce(plan ->> 'precision', 'single') as asked_precision,
  coalesce(probes, ef_search) as search_value,
  recall_at_k
from index_builds
where generation = %(generation)s;

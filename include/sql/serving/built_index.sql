-- Rows, k, metric, kind, search value and recall of a generation's index when it was built.
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

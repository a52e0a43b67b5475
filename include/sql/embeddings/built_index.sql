-- The rows a generation was made with, the kind of index that was asked for, and how its index is asked.
select
  rows,
  k,
  coalesce(plan ->> 'method', 'ivfflat') as asked_method,
  coalesce(plan ->> 'precision', 'single') as asked_precision,
  coalesce(probes, ef_search) as effort
from index_builds
where generation = %(generation)s;

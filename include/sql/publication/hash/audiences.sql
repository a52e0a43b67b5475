-- audiences in a fixed order, for its hash.
select
  as_of, audience, status, reason, seeds_given, seeds_known, seeds_excluded, seeds_used, contacted, pool, method, sizes, counts,
  cutoffs, control_share, brier, brier_base, warnings, used_columns, reason_columns, segments_by, settings::text
from audiences
where as_of in (select as_of from snapshots where status = 'published')
order by as_of, audience

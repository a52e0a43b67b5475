-- The audiences of a snapshot.
select
  audience, status, reason, seeds_given, seeds_known, seeds_excluded, seeds_used, contacted, pool, method, sizes, customers,
  control_share, brier, brier_base, coalesce(warnings, '{{}}') as warnings
from {bi}.audiences
where as_of = %(as_of)s
order by audience
limit %(most)s;

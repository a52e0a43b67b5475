-- What exports of audiences had achieved by a snapshot, the newest exports first.
select
  audience, export, exported_at, tier, outcome, days, is_over, members, member_rate, control, control_rate, difference,
  low, high, verdict, reason
from {bi}.audience_results
where as_of = %(as_of)s
order by export desc
limit %(most)s;

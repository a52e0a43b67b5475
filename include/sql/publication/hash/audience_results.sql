-- audience_results in a fixed order, for its hash; numbers of exports are left out.
select
  results.as_of, exports.audience, exports.as_of as members_as_of, exports.tier, exports.exported_at, results.outcome, results.days,
  results.counted_until, results.members, results.member_outcomes, results.members_before, results.control,
  results.control_outcomes, results.control_before, results.difference, results.low, results.high, results.verdict, results.reason
from audience_results as results
join audience_exports as exports using (number)
where results.as_of in (select as_of from snapshots where status = 'published')
order by results.as_of, exports.audience, exports.as_of, exports.tier, exports.exported_at, exports.number

-- Publish what exports have achieved, as the build has counted it.
insert into audience_results
  (as_of, number, outcome, outcome_columns, days, counted_until, is_over, members, member_outcomes, members_before, control,
   control_outcomes, control_before, difference, low, high, verdict, reason)
select
  builds.as_of, found.number, found.outcome, found.outcome_columns, found.days, found.counted_until, found.is_over, found.members,
  found.member_outcomes, found.members_before, found.control, found.control_outcomes, found.control_before, found.difference,
  found.low, found.high, found.verdict, found.reason
from snapshot_builds as builds
cross join lateral jsonb_to_recordset(builds.facts -> 'audience_results') as found (
  number integer, outcome text, outcome_columns text[], days integer, counted_until timestamptz, is_over boolean, members bigint,
  member_outcomes bigint, members_before bigint, control bigint, control_outcomes bigint, control_before bigint,
  difference double precision, low double precision, high double precision, verdict text, reason text
)
where builds.as_of = %(as_of)s;

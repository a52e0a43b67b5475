-- Publish what became of each audience, how good it is and whom it shares with others, as the build recorded it.
insert into audiences (
  as_of, audience, status, reason, seeds_given, seeds_known, seeds_excluded, seeds_used, contacted, pool, method, sizes, counts,
  cutoffs, control_share, brier, brier_base, warnings, used_columns, reason_columns, segments_by, settings
)
select
  builds.as_of, found.audience, found.status, found.reason, found.seeds_given, found.seeds_known, found.seeds_excluded,
  found.seeds_used, found.contacted, found.pool, found.method, found.sizes, found.counts, found.cutoffs, found.control_share,
  found.brier, found.brier_base, found.warnings, found.used_columns, found.reason_columns, found.segments_by, found.settings
from snapshot_builds as builds
cross join lateral jsonb_populate_recordset(null::audiences, builds.facts -> 'audience_rows') as found
where builds.as_of = %(as_of)s;
insert into audience_quality (
  as_of, audience, method, size, customers, seeds, recall, recall_low, recall_high, lift, lift_low, lift_high, predicted,
  predicted_lift, observed, observed_low, observed_high, effective_seeds
)
select
  builds.as_of, found.audience, found.method, found.size, found.customers, found.seeds, found.recall, found.recall_low,
  found.recall_high, found.lift, found.lift_low, found.lift_high, found.predicted, found.predicted_lift, found.observed,
  found.observed_low, found.observed_high, found.effective_seeds
from snapshot_builds as builds
cross join lateral jsonb_populate_recordset(null::audience_quality, builds.facts -> 'audience_quality') as found
where builds.as_of = %(as_of)s;
insert into audience_overlap (as_of, audience, other, customers, share)
select builds.as_of, found.audience, found.other, found.customers, found.share
from snapshot_builds as builds
cross join lateral jsonb_populate_recordset(null::audience_overlap, builds.facts -> 'audience_overlap') as found
where builds.as_of = %(as_of)s;

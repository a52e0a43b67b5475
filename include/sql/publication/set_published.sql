-- Mark the snapshot as published, with what BI may know of it; no row if another run builds it now.
with build as (
  update snapshot_builds
  set state = 'published', failed_task = null, failure = null, failure_detail = null
  where as_of = %(as_of)s and run_id = %(run_id)s
  returning as_of, settings, settings_hash, encoder_version, late_customers
)
update snapshots
set
  status = 'published',
  history = %(history)s,
  settings = build.settings,
  settings_hash = build.settings_hash,
  encoder_version = build.encoder_version,
  customers = %(customers)s,
  lookalikes = %(lookalikes)s,
  rows_landed = %(rows_landed)s,
  rows_rejected = %(rows_rejected)s,
  recall = %(recall)s,
  recall_low = %(recall_low)s,
  recall_high = %(recall_high)s,
  center = %(center)s,
  lookalike_distances = %(lookalike_distances)s,
  hidden_features = %(hidden_features)s,
  hidden_algorithms = %(hidden_algorithms)s,
  recommendations = %(recommendations)s,
  item_names = %(item_names)s,
  catalogue_as_of = %(catalogue_as_of)s,
  recommendation_methods = %(recommendation_methods)s,
  audience_members = %(audience_members)s,
  unchanged_since = %(unchanged_since)s,
  mapped = %(mapped)s,
  late_customers = build.late_customers,
  erased_customers = 0,
  published_at = now(),
  published_by = %(run_id)s
from build
where snapshots.as_of = build.as_of;

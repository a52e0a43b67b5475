-- Start a build of a snapshot, which replaces the previous one. A snapshot that has no row gets one; a
-- published one keeps its values until publish. The reason why an earlier run could not begin goes.
update run_notes set as_of_date = null, failed_task = null, failure = null, failure_detail = null where as_of = %(as_of)s;
insert into snapshots (as_of, status, history, settings_hash)
values (%(as_of)s, 'building', %(history)s, %(settings_hash)s)
on conflict (as_of) do update
set status = 'building'
where snapshots.status in ('failed', 'empty', 'landed');
insert into snapshot_builds
  (as_of, run_id, state, window_start, settings, settings_hash, encoder_version, may_fit, may_refit, release, as_of_date)
values
  (%(as_of)s, %(run_id)s, 'building', %(window_start)s, %(settings)s, %(settings_hash)s, %(encoder_version)s, %(may_fit)s, %(may_refit)s, %(release)s, %(as_of_date)s)
on conflict (as_of) do update
set
  run_id = excluded.run_id,
  state = excluded.state,
  window_start = excluded.window_start,
  settings = excluded.settings,
  settings_hash = excluded.settings_hash,
  encoder_version = excluded.encoder_version,
  may_fit = excluded.may_fit,
  may_refit = excluded.may_refit,
  release = excluded.release,
  as_of_date = excluded.as_of_date,
  facts = excluded.facts,
  stage_seconds = excluded.stage_seconds,
  stage_peak_mb = excluded.stage_peak_mb,
  stage_forecast_mb = excluded.stage_forecast_mb,
  started_at = now(),
  erased_at = null,
  failed_task = null,
  failure = null,
  failure_detail = null;

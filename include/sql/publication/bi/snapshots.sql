-- Every snapshot: its state, size and quality, and the cost of each stage of its newest run. An unpublished
-- snapshot shows what its newest run has found so far.
create or replace view {bi}.snapshots with (security_barrier) as
select
  as_of,
  coalesce(snapshot_builds.as_of_date, run_notes.as_of_date, (as_of at time zone 'UTC')::date) as as_of_date,
  coalesce(snapshots.status, case when run_notes.failure is null then 'waiting' else 'failed' end) as status,
  coalesce(as_of = (select current_snapshot.as_of from {space}.current_snapshot), false) as is_current,
  snapshots.history,
  snapshots.encoder_version,
  coalesce(snapshots.customers, (snapshot_builds.facts ->> 'customers')::bigint) as customers,
  coalesce(snapshots.lookalikes, (snapshot_builds.facts ->> 'lookalikes')::bigint) as lookalikes,
  coalesce(snapshots.rows_landed, (snapshot_builds.facts ->> 'rows_landed')::bigint) as rows_landed,
  coalesce(snapshots.rows_rejected, (snapshot_builds.facts ->> 'rows_rejected')::bigint) as rows_rejected,
  coalesce(snapshots.recall, (snapshot_builds.facts ->> 'recall')::real) as recall,
  coalesce(snapshots.recall_low, (snapshot_builds.facts ->> 'recall_low')::real) as recall_low,
  coalesce(snapshots.recall_high, (snapshot_builds.facts ->> 'recall_high')::real) as recall_high,
  snapshots.published_at,
  snapshot_builds.stage_seconds,
  coalesce(run_notes.failed_task, snapshot_builds.failed_task) as failed_task,
  case
    when {private} = '{{}}' and coalesce(json_array_length(snapshot_builds.settings -> 'private'), 0) = 0
      then coalesce(run_notes.failure_detail, run_notes.failure, snapshot_builds.failure_detail, snapshot_builds.failure)
    else coalesce(run_notes.failure, snapshot_builds.failure)
  end as failure,
  snapshots.late_customers,
  snapshot_builds.stage_peak_mb,
  coalesce(snapshots.late_customers > 0, false) as is_stale,
  run_notes.missed_deadline_at,
  snapshot_builds.run_id,
  snapshot_builds.state as run_status,
  snapshot_builds.started_at,
  (snapshot_builds.facts ->> 'rows_landed')::bigint + (snapshot_builds.facts ->> 'rows_rejected')::bigint as rows_in,
  (snapshot_builds.facts ->> 'customers')::bigint as rows_out,
  snapshot_builds.stage_forecast_mb,
  snapshots.erased_customers,
  coalesce(extracted_windows.source_customers, (snapshot_builds.facts ->> 'source_customers')::bigint) as source_customers,
  extracted_windows.missing_customers,
  coalesce(extracted_windows.future_customers, (snapshot_builds.facts ->> 'future_customers')::bigint) as future_customers,
  snapshot_builds.release,
  case
    when snapshots.status <> 'published' or exists (select from {space}.shown_snapshots as shown where shown.as_of = snapshots.as_of)
      then snapshots.hidden_algorithms
    else array(
      select quality.algorithm from {space}.cluster_quality as quality
      where quality.as_of = snapshots.as_of order by quality.algorithm
    )
  end as hidden_algorithms,
  landed.events_read,
  landed.events_rejected,
  landed.events_withdrawn,
  landed.events_late,
  (
    select max(dropped.kept_from) from {space}.event_sources as dropped
    where coalesce(snapshots.settings, snapshot_builds.settings) -> 'events' -> dropped.event is not null
  ) as events_kept_from,
  (snapshot_builds.facts ->> 'events_unknown')::bigint as events_unknown,
  (snapshot_builds.facts ->> 'event_customers_unknown')::bigint as event_customers_unknown,
  (snapshot_builds.facts ->> 'event_customers_alike')::bigint as event_customers_alike,
  case when snapshots.status = 'published' then snapshots.unchanged_since end as unchanged_since
from {space}.snapshots
left join {space}.snapshot_builds using (as_of)
full join {space}.run_notes using (as_of)
left join {space}.extracted_windows on extracted_windows.window_end = as_of
left join (
  select
    window_end,
    sum(events_read)::bigint as events_read,
    sum(events_rejected)::bigint as events_rejected,
    sum(events_withdrawn)::bigint as events_withdrawn,
    sum(events_late)::bigint as events_late
  from {space}.event_windows
  group by window_end
) as landed on landed.window_end = as_of;

comment on view {bi}.snapshots is 'One row per snapshot, published or not: what is published, and how its newest run went.';
comment on column {bi}.snapshots.as_of is 'The snapshot holds what was known before this moment.';
comment on column {bi}.snapshots.as_of_date is 'The date of as_of in the time zone of the schedule, which is UTC unless the spec names one.';
comment on column {bi}.snapshots.status is 'building, published, empty, failed, landed (a latest_only backfill landed its rows and computed a later date), withdrawn, pruned (older than what is kept), or waiting: late, and no run has started it.';
comment on column {bi}.snapshots.is_current is 'True for the one snapshot the *_current views read.';
comment on column {bi}.snapshots.history is 'complete, or reconstructed: older than the first extraction from a source that keeps one row per customer.';
comment on column {bi}.snapshots.encoder_version is 'The encoder its vectors were made with.';
comment on column {bi}.snapshots.customers is 'Customers in the snapshot (deleted ones are not).';
comment on column {bi}.snapshots.lookalikes is 'Rows of lookalikes.';
comment on column {bi}.snapshots.rows_landed is 'Raw rows of its window that were kept.';
comment on column {bi}.snapshots.rows_rejected is 'Raw rows of its window that were refused: see rejected_rows.';
comment on column {bi}.snapshots.recall is 'Share of the true nearest neighbours found, measured on a sample (0 to 1).';
comment on column {bi}.snapshots.recall_low is 'Lower end of the 95 % interval of recall.';
comment on column {bi}.snapshots.recall_high is 'Upper end of the 95 % interval of recall.';
comment on column {bi}.snapshots.published_at is 'When it was published.';
comment on column {bi}.snapshots.stage_seconds is 'Seconds each stage of the newest run took.';
comment on column {bi}.snapshots.failed_task is 'The task that failed in the newest run, if any.';
comment on column {bi}.snapshots.failure is 'Why it failed, in one line. Where columns are private, without texts that may quote values or ids.';
comment on column {bi}.snapshots.late_customers is 'Customers whose rows or events arrived, or were withdrawn, after it was computed and would change it: if more than 0, the snapshot is stale; run the date again.';
comment on column {bi}.snapshots.stage_peak_mb is 'Peak memory of a process of each stage of the newest run, in MB.';
comment on column {bi}.snapshots.is_stale is 'True if rows that would change it have arrived since: see late_customers.';
comment on column {bi}.snapshots.missed_deadline_at is 'When its scheduled run missed its deadline, if it did.';
comment on column {bi}.snapshots.run_id is 'The newest run: its run_id in Airflow.';
comment on column {bi}.snapshots.run_status is 'State of the newest run: building, published, empty, landed or failed.';
comment on column {bi}.snapshots.started_at is 'When the newest run began.';
comment on column {bi}.snapshots.rows_in is 'Raw rows of its window in the newest run, kept or refused.';
comment on column {bi}.snapshots.rows_out is 'Customers in the newest run.';
comment on column {bi}.snapshots.stage_forecast_mb is 'Memory that each stage of the newest run forecast, in MB; compare stage_peak_mb.';
comment on column {bi}.snapshots.erased_customers is 'Customers erased since it was published: customers who had them as lookalikes have that many fewer. Run the date again to fill them.';
comment on column {bi}.snapshots.source_customers is 'Customers in the source when its window landed, erased ones among them; null for dates that landed after a later one, and in backfills.';
comment on column {bi}.snapshots.missing_customers is 'Customers of the source whose newest row no window had brought, by a comparison of keys. These rows landed at the end of this window, or were rejected. Null if keys were not compared that night.';
comment on column {bi}.snapshots.future_customers is 'Customers of the source with a row dated at or after as_of: that row is in no snapshot before its own time.';
comment on column {bi}.snapshots.release is 'The release of Kindred that began the newest run; null if it did not record that.';
comment on column {bi}.snapshots.hidden_algorithms is 'Algorithms whose segments the views do not show, because they would give private columns away, or are not known not to: all, until the date is run again, if a feature has become private since.';
comment on column {bi}.snapshots.events_read is 'Events of the source that its window read, those of days that were read again among them; null without events.';
comment on column {bi}.snapshots.events_rejected is 'Of them, those that were refused: see rejected_events.';
comment on column {bi}.snapshots.events_withdrawn is 'Events that had landed, and were gone or changed in the source.';
comment on column {bi}.snapshots.events_late is 'New events that happened in a window that had landed before.';
comment on column {bi}.snapshots.events_kept_from is 'Events before this moment have been dropped since (keep_days of the spec) and never land again: another run of the date would do without them. Null if none have.';
comment on column {bi}.snapshots.events_unknown is 'Events in force, as far back as the features of its newest run look, that count for nobody: the snapshot does not have their customers, who have left, are not there yet, or are written otherwise. Null without features of events.';
comment on column {bi}.snapshots.event_customers_unknown is 'How many customers these are, in each table of events.';
comment on column {bi}.snapshots.event_customers_alike is 'Of them, those it would have, were blanks around a key and capitals in it no part of it.';
comment on column {bi}.snapshots.unchanged_since is 'The earlier snapshot whose lookalikes and segments it shares, since nothing had changed; null if it was computed.';

-- The newest published snapshots up to a moment (by default all), the newest first.
select
  as_of, is_current, history, encoder_version, customers, lookalikes, rows_landed, rows_rejected, recall, recall_low,
  recall_high, published_at, coalesce(stage_seconds, '{{}}') as stage_seconds,
  coalesce(stage_peak_mb, '{{}}') as stage_peak_mb, coalesce(stage_forecast_mb, '{{}}') as stage_forecast_mb,
  late_customers, erased_customers, source_customers, missing_customers, future_customers, release, hidden_algorithms,
  events_read, events_rejected, events_withdrawn, events_late, events_unknown, event_customers_unknown
from {bi}.snapshots
where status = 'published' and as_of <= coalesce(%(as_of)s, 'infinity'::timestamptz)
order by as_of desc
limit %(most)s;

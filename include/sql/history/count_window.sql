-- Versions landed in a window, rows rejected in it, and rejected rows without a finite time, which
-- belong to no window, as long as the source has them.
select
  (select count(*) from customer_versions where updated_at >= %(window_start)s::timestamptz and updated_at < %(window_end)s::timestamptz),
  (select coalesce(sum(source_rows), 0) from rejected_rows where updated_at >= %(window_start)s::timestamptz and updated_at < %(window_end)s::timestamptz),
  (select coalesce(sum(source_rows), 0) from rejected_rows where updated_at is null and (left_at is null or left_at > %(window_end)s::timestamptz));

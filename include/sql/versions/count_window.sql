-- Versions that a window brought, and rows of it that were refused.
select
  (select count(*) from customer_versions where updated_at >= %(window_start)s::timestamptz and updated_at < %(window_end)s::timestamptz),
  (select count(*) from rejected_rows where (updated_at >= %(window_start)s::timestamptz and updated_at < %(window_end)s::timestamptz) or updated_at is null);

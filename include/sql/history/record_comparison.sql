-- Record what a comparison with the source has found at the end of the newest window.
update extracted_windows
set
  rows_deleted = %(rows_deleted)s,
  source_customers = %(source_customers)s,
  missing_customers = %(missing_customers)s,
  future_customers = %(future_customers)s
where window_end = %(window_end)s::timestamptz;

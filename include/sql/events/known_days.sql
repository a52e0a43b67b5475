-- Rows per day (UTC) that the source had when they were last read.
select day, rows_read from event_days where event = %(event)s;

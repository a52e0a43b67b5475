-- How many events are new and happened in a window that had landed.
select count(*) from changed_events where is_new and at < %(landed_until)s::timestamptz;

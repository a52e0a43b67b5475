-- Delete what is known of days that have been read again.
delete from event_days as known
where event = %(event)s
  and exists (
    select from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as read (window_start, window_end)
    where known.day >= (read.window_start at time zone 'UTC')::date
      and known.day < (read.window_end at time zone 'UTC')
  );

-- Delete what is known of days that have been read again, if only in part.
delete from event_days as known
where event = %(event)s
  and tstzrange(known.day at time zone 'UTC', (known.day + 1) at time zone 'UTC') && %(read)s::tstzmultirange;

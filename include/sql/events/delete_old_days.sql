-- Delete what is known of days before a moment.
delete from event_days where event = %(event)s and day < (%(kept_from)s::timestamptz at time zone 'UTC')::date;

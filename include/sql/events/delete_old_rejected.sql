-- Delete the rejected events before a moment.
delete from rejected_events where event = %(event)s and at < %(kept_from)s::timestamptz;

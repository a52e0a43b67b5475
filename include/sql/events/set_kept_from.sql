-- Record from when on events are kept: older ones land no more.
update event_sources set kept_from = %(kept_from)s where event = %(event)s;

-- Delete the events before a moment.
delete from {events} where at < %(kept_from)s::timestamptz;

-- What is known of some events.
select definition, landed_until, landings, kept_from, reconciled_month from event_sources where event = %(event)s;

-- The names of all events of which something has landed.
select event from event_sources order by 1;

-- The columns of events that hold codes of texts, with their tables.
select distinct event, column_name from event_values order by 1, 2;

-- Delete the texts of events that nobody has any more.
delete from event_values using erased_codes as erased
where event_values.event = erased.event and event_values.column_name = erased.column_name and event_values.code = erased.code;

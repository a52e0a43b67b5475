-- Collect the codes of a column of events. Not only those of the customer: texts of events that were dropped or read anew
-- since stay behind, and nothing says whose they were.
insert into erased_codes (event, column_name, code)
select event, column_name, code from event_values where event = %(event)s and column_name = %(column)s;

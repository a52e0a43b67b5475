-- The texts of a column of events, with the codes that stand for them.
select code, value
from event_values
where event = %(event)s and column_name = %(column_name)s;

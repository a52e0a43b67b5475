-- What a run has read.
select definition, landings, starts::text[], ends::text[], days, rows_read, reconciled_month
from event_readings
where landing = %(landing)s;

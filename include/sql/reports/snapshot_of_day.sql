-- The newest published snapshot of a day by the schedule's clock, and the newest up to that day.
select max(as_of) filter (where as_of_date = %(day)s), max(as_of)
from {bi}.snapshots
where status = 'published' and as_of_date <= %(day)s;

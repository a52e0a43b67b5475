-- The columns of some published snapshots: what is missing, and how far each has drifted; the newest snapshot first.
select as_of, column_name, kind, customers, missing, unlisted, rejected, stability_index, drift, previous_as_of
from {bi}.column_quality
where state = 'published' and as_of = any (%(as_ofs)s)
order by as_of desc, column_name;

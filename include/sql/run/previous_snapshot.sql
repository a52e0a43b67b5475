-- The last published snapshot before a given time, with its encoder.
select as_of, encoder_version
from snapshots
where status = 'published' and as_of < %(as_of)s
order by as_of desc
limit 1;

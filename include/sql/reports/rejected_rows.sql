-- Why rows dated before a snapshot were rejected, the most frequent reasons first: all of them, and those dated since the
-- night before.
select
  reason,
  count(*) as rows,
  count(*) filter (where updated_at >= coalesce(%(since)s, '-infinity'::timestamptz)) as rows_since
from {bi}.rejected_rows
where updated_at is null or updated_at < %(as_of)s
group by reason
order by count(*) desc, reason
limit %(most)s;

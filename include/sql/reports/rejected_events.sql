-- Why events from before a snapshot were rejected, the most frequent reasons first: all of them, and those since the
-- night before.
select
  concat_ws(': ', event, reason) as reason,
  count(*) as rows,
  count(*) filter (where at >= coalesce(%(since)s, '-infinity'::timestamptz)) as rows_since
from {bi}.rejected_events
where at is null or at < %(as_of)s
group by event, rejected_events.reason
order by count(*) desc, 1
limit %(most)s;

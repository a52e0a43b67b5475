-- Withdraw events in force that are not in the source as they were, within the intervals that were read.
with withdrawn as (
  update {events} as known
  set withdrawn_at = %(window_end)s::timestamptz
  where known.withdrawn_at is null
    and known.at >= %(first)s::timestamptz and known.at < %(last)s::timestamptz
    and exists (
      select from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as read (window_start, window_end)
      where known.at >= read.window_start and known.at < read.window_end
    )
    and not exists (select from arrivals where arrivals.identity = known.identity and {same})
  returning known.customer_id, known.at
)
insert into changed_events (customer_id, at, is_new) select customer_id, at, false from withdrawn;

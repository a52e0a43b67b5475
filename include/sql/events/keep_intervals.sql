-- Delete events that have just arrived and are in none of the intervals that are landed: another run has landed them
-- in the meantime. Those without a finite time stay, to be rejected.
delete from {landing} as landed
where isfinite(landed.at)
  and not exists (
    select from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as read (window_start, window_end)
    where landed.at >= read.window_start and landed.at < read.window_end
  );

-- Delete landed rows of windows that another run has landed in the meantime.
delete from {landing} as landed
where isfinite(landed.updated_at)
  and not exists (
    select from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) as missing (window_start, window_end)
    where landed.updated_at >= missing.window_start and landed.updated_at < missing.window_end
  );

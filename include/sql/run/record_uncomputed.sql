-- End a build without a snapshot: it has no customers (empty), or a later date of the same backfill is
-- computed instead (landed). The run succeeds, and the current snapshot stays current.
with build as (
  update snapshot_builds set state = %(status)s where as_of = %(as_of)s and state = 'building' returning as_of
)
update snapshots
set
  status = %(status)s,
  customers = case when %(status)s = 'empty' then 0 else customers end,
  lookalikes = case when %(status)s = 'empty' then 0 else lookalikes end,
  rows_landed = %(rows_landed)s,
  rows_rejected = %(rows_rejected)s
where status = 'building' and as_of in (select as_of from build);

-- A date whose rows have landed and whose snapshot is left to a later date of its backfill.
with build as (
  update snapshot_builds set state = 'landed' where as_of = %(as_of)s and state = 'building' returning as_of
)
update snapshots
set status = 'landed', rows_landed = %(rows_landed)s, rows_rejected = %(rows_rejected)s
where status = 'building' and as_of in (select as_of from build);

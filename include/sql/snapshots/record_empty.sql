-- A snapshot without any customer: the run ends well, and what is current stays current.
with build as (
  update snapshot_builds set state = 'empty' where as_of = %(as_of)s and state = 'building' returning as_of
)
update snapshots
set status = 'empty', customers = 0, lookalikes = 0, rows_landed = %(rows_landed)s, rows_rejected = %(rows_rejected)s
where status = 'building' and as_of in (select as_of from build);

-- Delete the ids that audiences were resolved to, for dates whose snapshot has been pruned, and for dates before a given
-- time whose snapshot readers cannot see and nobody builds.
with gone as (
  delete from audience_resolutions as resolved
  using snapshots
  where snapshots.as_of = resolved.as_of
    and (
      snapshots.status = 'pruned'
      or (snapshots.status not in ('published', 'building') and snapshots.as_of < %(before)s)
    )
  returning resolved.as_of
)
delete from audience_ids where as_of in (select as_of from gone);

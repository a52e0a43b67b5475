-- Delete who moved between snapshots one of which is not what was counted: published again, withdrawn, or pruned.
delete from cluster_moves as moves
where not exists (
    select from snapshots
    where snapshots.as_of = moves.to_as_of and snapshots.published_at = moves.to_published_at and snapshots.status = 'published'
  )
  or not exists (
    select from snapshots
    where snapshots.as_of = moves.from_as_of and snapshots.published_at = moves.from_published_at and snapshots.status = 'published'
  );

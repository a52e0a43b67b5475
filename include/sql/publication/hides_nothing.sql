-- Whether there is no snapshot of which readers see less than all: then none must be checked row by row.
(
  select not exists (select from {space}.hidden_columns)
    and not exists (
      select from {space}.snapshots as any_snapshot
      where any_snapshot.hidden_features <> '{{}}' and any_snapshot.status <> 'pruned'
    )
)

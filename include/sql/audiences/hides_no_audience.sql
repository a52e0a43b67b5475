-- Whether readers see all audiences that have members: then these need not be checked one by one.
(
  select
    not exists (select from {space}.private_audiences)
    and not exists (select from {space}.snapshots where snapshots.status not in ('published', 'pruned') and snapshots.audience_members > 0)
)

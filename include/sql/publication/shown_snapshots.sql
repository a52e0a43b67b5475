-- The published snapshots whose lookalikes and segments readers see, by the settings of each. One that was made
-- by a feature that is hidden now, or with the signs of a column that is, is left out until its date is run again.
-- stored_as_of: whose partitions hold its rows, an earlier snapshot's if nothing had changed since.
create or replace view {space}.shown_snapshots as
select
  snapshots.as_of,
  snapshots.metric,
  snapshots.hidden_features <> '{{}}' as is_hidden,
  snapshots.hidden_algorithms,
  coalesce(snapshots.unchanged_since, snapshots.as_of) as stored_as_of
from {space}.snapshots
where snapshots.status = 'published'
  and not exists (
    select from {space}.hidden_columns as hidden
    where hidden.column_name <> all (snapshots.hidden_features)
      and (snapshots.settings is null or snapshots.settings -> 'features' -> hidden.column_name is not null)
  )
  and not exists (
    select from {space}.signed_features as signed where signed.as_of = snapshots.as_of and signed.hides_distances
  );

comment on view {space}.shown_snapshots is 'The published snapshots whose lookalikes and segments readers see.';

-- Snapshots and algorithms whose segments would give private columns away, or are not known not to: those
-- of a snapshot that was published before the columns became private.
select snapshots.as_of, hidden.algorithm
from {space}.snapshots
cross join lateral unnest(
  case
    when snapshots.hidden_features @> {hidden}::text[] then snapshots.hidden_algorithms
    else {every_algorithm}::text[]
  end
) as hidden (algorithm)

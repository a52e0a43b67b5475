-- Snapshots and algorithms whose segments would give private columns away.
select snapshots.as_of, hidden.algorithm
from {space}.snapshots
cross join lateral unnest(snapshots.hidden_algorithms) as hidden (algorithm)

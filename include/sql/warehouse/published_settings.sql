-- The settings that the current snapshot was published with; no row before the first publish.
select snapshots.settings
from current_snapshot
join snapshots using (as_of);

-- The oldest time of a row of the source; null if there is none.
select greatest(oldest, '0001-01-02 00:00:00+00')  -- years BC are more than the driver can tell
from (
  select min({moment}) as oldest from {relation} as source_rows where ({condition}) and isfinite({moment})
) as found
where oldest is not null;

-- Reduce the recorded size of snapshots by the erased customer and the deleted lookalikes.
update snapshots
set
  customers = snapshots.customers - 1,
  lookalikes = snapshots.lookalikes - held.lookalikes,
  erased_customers = snapshots.erased_customers + 1
from unnest(%(as_ofs)s::timestamptz[], %(lookalikes)s::bigint[]) as held (as_of, lookalikes)
where snapshots.as_of = held.as_of;

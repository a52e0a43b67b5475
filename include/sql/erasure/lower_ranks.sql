-- Turn the negative ranks that lift_ranks has set into the final ones.
update {table} as held
set rank = -held.rank
from {gaps} as gap
where held.as_of = gap.as_of and held.customer_id = gap.customer_id and held.rank < 0;

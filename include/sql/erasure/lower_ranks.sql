-- Turn the ranks that lift_ranks has given to what they stand for.
update {table} as held
set rank = -held.rank
from {gaps} as gap
where held.as_of = gap.as_of and held.customer_id = gap.customer_id and held.rank < 0;

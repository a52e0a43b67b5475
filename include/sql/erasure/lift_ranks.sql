-- Give the lookalikes behind a gap their new rank, one lower, as a negative number: ranks stay unique
-- throughout the update.
update {table} as held
set rank = 1 - held.rank
from {gaps} as gap
where held.as_of = gap.as_of and held.customer_id = gap.customer_id and held.rank > gap.rank;

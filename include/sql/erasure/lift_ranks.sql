-- Give the lookalikes behind a gap the rank before theirs, below zero: ranks are unique at every moment.
update {table} as held
set rank = 1 - held.rank
from {gaps} as gap
where held.as_of = gap.as_of and held.customer_id = gap.customer_id and held.rank > gap.rank;

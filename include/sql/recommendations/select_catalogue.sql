-- The catalogue of items as its source has it now.
select {key}, {name}, {available}
from {relation} as source_rows
where ({condition});

-- Rows per algorithm in a table of labels.
select algorithm, count(*)
from {table}
group by 1;

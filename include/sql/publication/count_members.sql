-- Rows per audience in a table of members.
select audience, count(*)
from {table}
group by 1;

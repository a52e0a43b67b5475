-- Rows of a table of recommendations, and the customers who have any.
select count(*), count(*) filter (where rank = 1)
from {table};

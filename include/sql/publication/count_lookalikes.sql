-- Rows of a lookalike table without its key yet, and how many have the rank that the fewest have: as
-- many as there are customers, where all have all ranks. Counting distinct customers sorts all rows.
select coalesce(sum(ranks.rows), 0)::bigint, coalesce(min(ranks.rows), 0)
from (select rank, count(*) as rows from {table} group by rank) as ranks;

-- Rows of a lookalike table that has no key yet, and the row count of its rarest rank, which equals the
-- number of customers if all of them have all ranks. Counting distinct customers would sort all rows.
select coalesce(sum(ranks.rows), 0)::bigint, coalesce(min(ranks.rows), 0)
from (select rank, count(*) as rows from {table} group by rank) as ranks;

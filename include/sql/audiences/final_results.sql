-- What was counted of exports after their days were over, by the newest snapshot before another one; one that could not
-- count, say because the label was missing for a night, replaces nothing.
select distinct on (results.number) results.number, to_jsonb(results) - 'as_of'
from audience_results as results
join snapshots on snapshots.as_of = results.as_of and snapshots.status in ('published', 'pruned')
where results.number = any (%(numbers)s::integer[]) and results.is_over and results.as_of < %(as_of)s
order by results.number, results.verdict = 'not counted', results.as_of desc;

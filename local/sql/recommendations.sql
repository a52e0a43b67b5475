-- The first five items that are recommended to the example customer, with the reasons.
with example as (
  {example}
)

select
  found.customer_id,
  found.rank,
  coalesce(found.name, found.item) as item,
  found.bought_by,
  found.neighbours,
  found.share,
  found.lift,
  found.method
from {bi}.recommendations_current as found
join example using (as_of, customer_id)
where found.rank <= 5
order by found.rank

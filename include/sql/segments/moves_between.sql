-- How many customers have moved from each label of a published snapshot to each one of another; null: in one only.
select earlier.label, later.label, count(*)
from (
  select customer_id, label
  from customer_clusters
  where as_of = %(from_stored_as_of)s and algorithm = %(algorithm)s
) as earlier
full join (
  select customer_id, label
  from {table}
  where as_of = %(to_stored_as_of)s and algorithm = %(algorithm)s
) as later using (customer_id)
group by 1, 2
order by 1, 2;

-- Customers in both a label of one published snapshot and a label of another.
select later.label, earlier.label, count(*)
from customer_clusters as later
join customer_clusters as earlier using (customer_id)
where later.as_of = %(as_of)s and later.algorithm = %(algorithm)s and later.label >= 0
  and earlier.as_of = %(before)s and earlier.algorithm = %(algorithm)s and earlier.label >= 0
group by 1, 2;

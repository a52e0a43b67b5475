-- What is recommended to a customer in a snapshot.
select rank, item, name, score, bought_by, neighbours, lift, method
from {bi}.recommendations
where as_of = %(as_of)s and customer_id = %(customer_id)s
order by rank;

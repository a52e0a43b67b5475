-- The most similar customers of one customer in a snapshot.
select rank, lookalike_id::text as lookalike_id, distance, similarity
from {bi}.lookalikes
where as_of = %(as_of)s and customer_id = %(customer_id)s and rank <= %(most)s
order by rank;

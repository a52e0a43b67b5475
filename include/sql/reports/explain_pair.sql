-- What each column adds to the distance of two customers in the current snapshot.
select column_name, contribution, share, value_a, value_b
from {bi}.explain_pair(%(customer)s, %(lookalike)s);

-- Why items are on the lists of a snapshot.
select method, listed, share, customers
from {bi}.recommendation_reasons
where as_of = %(as_of)s
order by listed desc, method;

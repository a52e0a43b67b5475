-- map_quality in a fixed order, for its hash.
select as_of, customers, landmarks, neighbours, trustworthiness, standard_error, sample_size
from map_quality
where as_of in (select as_of from snapshots where status = 'published' and mapped is not null)
order by as_of

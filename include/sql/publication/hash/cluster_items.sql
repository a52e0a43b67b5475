-- What clusters buy, in a fixed order, for its hash.
select as_of, algorithm, label, items::text
from cluster_profiles
where algorithm <> 'ivfflat' and as_of in (select as_of from snapshots where status = 'published')
order by as_of, algorithm, label

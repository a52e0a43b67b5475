-- The published snapshots whose segments depend on private features, but one; and which algorithms are shown.
select
  as_of,
  encoder_version,
  array(select json_array_elements_text(settings -> 'clustering' -> 'algorithms')) as algorithms,
  hidden_algorithms,
  exists (select from disclosure_samples as sampled where sampled.as_of = snapshots.as_of) as is_sampled
from snapshots
where status = 'published' and hidden_features <> '{{}}' and as_of <> %(as_of)s
order by as_of desc;

-- The newest pairs of snapshots for which it is not counted who moved where. Segments without profiles are those of
-- snapshots of early releases, whose ids only the customers' rows know.
select algorithm, from_as_of, from_stored_as_of, from_published_at, to_as_of, to_stored_as_of, to_published_at
from consecutive_snapshots as pairs
where not pairs.is_counted
  and 2 = (
    select count(*)
    from cluster_quality as quality
    where quality.as_of in (pairs.from_as_of, pairs.to_as_of)
      and quality.algorithm = pairs.algorithm
      and quality.clusters = (
        select count(*)
        from cluster_profiles as profiles
        where profiles.as_of = quality.as_of and profiles.algorithm = quality.algorithm
      )
  )
order by to_as_of desc, algorithm
limit %(most)s;

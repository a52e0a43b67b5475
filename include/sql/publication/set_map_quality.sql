-- Publish how faithful the map is, as the build measured it.
insert into map_quality
  (as_of, customers, landmarks, neighbours, trustworthiness, standard_error, sample_size, cell_size)
select
  builds.as_of, found.customers, found.landmarks, found.neighbours, found.trustworthiness, found.standard_error,
  found.sample_size, found.cell_size
from snapshot_builds as builds
cross join lateral jsonb_to_record(builds.facts -> 'map') as found (
  customers bigint, landmarks integer, neighbours integer, trustworthiness double precision,
  standard_error double precision, sample_size integer, cell_size double precision
)
where builds.as_of = %(as_of)s and builds.facts -> 'map' is not null;

-- The method by which customers get their lists, and the parameters of the neighbours; no row before it was measured.
select published.method, of_neighbours.neighbours, of_neighbours.sharpness, of_neighbours.lift_share
from recommendation_quality as published
join recommendation_quality as of_neighbours using (encoder_version, settings_hash)
where encoder_version = %(encoder_version)s
  and settings_hash = %(settings_hash)s
  and published.is_published
  and of_neighbours.method = 'neighbours';

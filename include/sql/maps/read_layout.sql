-- The map stored with an encoder.
select dimensions, landmarks, coordinates, oriented_by
from map_layouts
where encoder_version = %(encoder_version)s and settings = %(settings)s;

-- The encoder for a snapshot: the one it was published with, else the newest fitted at or before it,
-- else the oldest; only encoders of the same feature spec that have not been withdrawn.
select encoder.version
from encoder_versions as encoder
where encoder.spec_hash = %(spec_hash)s and not encoder.is_withdrawn
order by
  (encoder.version = (select encoder_version from snapshots where as_of = %(as_of)s and status = 'published')) desc nulls last,
  (encoder.fitted_as_of <= %(as_of)s) desc,
  case when encoder.fitted_as_of <= %(as_of)s then encoder.fitted_as_of end desc nulls last,
  encoder.fitted_as_of,
  encoder.version
limit 1;

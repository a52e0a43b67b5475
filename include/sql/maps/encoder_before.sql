-- The encoder whose map a newer one is oriented by: the last one of the same features that was fitted as of an earlier
-- date, else the first of a later date. Only those that were there before it count, whenever this is asked.
select before.version
from encoder_versions as encoder
join encoder_versions as before on before.spec_hash = encoder.spec_hash and before.version < encoder.version
where encoder.version = %(version)s
order by
  (before.fitted_as_of < encoder.fitted_as_of) desc,
  case when before.fitted_as_of < encoder.fitted_as_of then before.fitted_as_of end desc,
  before.fitted_as_of,
  before.version
limit 1;

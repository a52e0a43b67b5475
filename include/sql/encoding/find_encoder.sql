-- The encoder of a spec fitted as of a date, unless it has been withdrawn.
select version
from encoder_versions
where spec_hash = %(spec_hash)s and fitted_as_of = %(fitted_as_of)s and not is_withdrawn;

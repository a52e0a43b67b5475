-- encoder_versions in a fixed order, for its hash; the number of a version is not part of it.
select spec_hash, spec::text, fitted::text, dimensions, column_blocks::text, fitted_as_of, customers
from encoder_versions
order by spec_hash, fitted_as_of

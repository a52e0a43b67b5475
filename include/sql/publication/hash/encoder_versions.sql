-- encoder_versions in a fixed order, for its hash; version numbers are left out.
select spec_hash, spec::text, fitted::text, dimensions, column_blocks::text, fitted_as_of, customers
from encoder_versions
order by spec_hash, fitted_as_of

-- Give versions the values of columns that the spec had not when they landed (a null is filled, no
-- value is changed), for a full extract.
update customer_versions as version
set ({columns}) = row({filled})
from {landing} as landed
where landed.customer_id = version.customer_id
  and landed.updated_at = version.updated_at
  and not exists (select from problems where problems.row_id = landed.ctid)
  and ({version_values}) is distinct from ({filled_values});

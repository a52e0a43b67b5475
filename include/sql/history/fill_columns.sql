-- Fill the values of columns that the spec lacked when a version landed, for a full extract. A null is
-- filled; no other value is changed.
update customer_versions as version
set ({columns}) = row({filled})
from {landing} as landed
where landed.customer_id = version.customer_id
  and landed.updated_at = version.updated_at
  and not exists (select from problems where problems.row_id = landed.ctid)
  and ({version_values}) is distinct from ({filled_values});

-- Customers among the rows that were found: those that are missing, those who were deleted and are back, and
-- those whose tombstone was missing.
select
  count(distinct coalesce(found.customer_id::text, unusable_key)) filter (where not found.is_deleted and in_force.is_deleted is not true),
  count(distinct found.customer_id) filter (where not found.is_deleted and in_force.is_deleted),
  count(distinct found.customer_id) filter (where found.is_deleted)
from {found} as found
left join in_force on in_force.customer_id = found.customer_id;

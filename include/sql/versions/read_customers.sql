-- The customers of a snapshot in customer order, with the given expressions over their raw values.
select {expressions}
from (
  select distinct on (customer_id) *
  from customer_versions
  where updated_at < %(as_of)s::timestamptz
  order by customer_id, updated_at desc
) as latest
where not is_deleted
order by customer_id;

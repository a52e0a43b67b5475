-- Customers that a snapshot has: the latest version before as_of, unless that says deleted.
select count(*)
from (
  select distinct on (customer_id) is_deleted
  from customer_versions
  where updated_at < %(as_of)s::timestamptz
  order by customer_id, updated_at desc
) as latest
where not is_deleted;

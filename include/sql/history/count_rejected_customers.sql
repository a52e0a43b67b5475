-- Customers before a moment of whom every row has been rejected.
select count(distinct rejected.customer_id)
from rejected_rows as rejected
where rejected.updated_at < %(as_of)s::timestamptz
  and rejected.customer_id is not null
  and not exists (
    select from customer_versions as version
    where version.customer_id = rejected.customer_id::customer_key
      and version.updated_at < %(as_of)s::timestamptz
  );

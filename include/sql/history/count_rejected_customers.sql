-- Customers before a moment of whom every row has been rejected; those whose key cannot be used among them.
select count(distinct (rejected.customer_id, rejected.has_usable_key))
from rejected_rows as rejected
where rejected.updated_at < %(as_of)s::timestamptz
  and rejected.customer_id is not null
  and not exists (
    select from customer_versions as version
    where version.customer_id = case when rejected.has_usable_key then rejected.customer_id end::customer_key
      and version.updated_at < %(as_of)s::timestamptz
  );

-- Customers before a moment of whom every row has been rejected and who have not left the source; those whose key
-- cannot be used among them.
select count(distinct (rejected.customer_id, rejected.has_usable_key))
from rejected_rows as rejected
where rejected.updated_at < %(as_of)s::timestamptz
  and rejected.customer_id is not null
  and (rejected.left_at is null or rejected.left_at > %(as_of)s::timestamptz)
  and not exists (
    select from customer_versions as version
    where version.customer_id = case when rejected.has_usable_key then rejected.customer_id end::customer_key
      and version.updated_at < %(as_of)s::timestamptz
  );

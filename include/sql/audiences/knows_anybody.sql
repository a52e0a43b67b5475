-- Whether one of the stored ids of a population has ever been a customer's.
select exists (
  select from audience_ids as ids
  where ids.as_of = %(as_of)s and ids.audience = %(audience)s and ids.role = %(role)s
    and exists (select from customer_versions as version where version.customer_id = ids.customer_id)
);

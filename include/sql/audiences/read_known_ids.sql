-- The stored ids of a population that are customers, in their order.
select customers.customer_id
from ({customers}) as customers
where exists (
  select from audience_ids as ids
  where ids.as_of = %(as_of)s and ids.audience = %(audience)s and ids.role = %(role)s
    and ids.customer_id = customers.customer_id
)
order by customers.customer_id

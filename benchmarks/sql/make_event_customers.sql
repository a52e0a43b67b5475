-- A version of every customer.
insert into customer_versions (customer_id, updated_at, is_deleted, income)
select customer_id, %(as_of)s::timestamptz - interval '20 days', false, exp(random_normal(10.4, 0.7))
from generate_series(1, %(customers)s) as customer_id;

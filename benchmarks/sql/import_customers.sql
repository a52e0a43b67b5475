-- New customers with old times, as an import brings them; the keys continue those that there are.
insert into customers
select
  (select max(customer_id) from customers) + number, timestamptz '2024-05-06 10:00Z', false,
  random_normal(), random_normal(), random_normal(), random_normal(), random_normal(),
  random_normal(), random_normal(), random_normal(), random_normal(), random_normal(),
  random_normal(), random_normal(), random_normal(), random_normal(), random_normal(),
  random_normal()
from generate_series(1, %(customers)s) as number;

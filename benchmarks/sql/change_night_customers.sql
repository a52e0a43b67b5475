-- A night's changes: one customer in twenty changes, one in fifty of those is deleted, and as many
-- are new.
with due as (
  select customer_id from customers where not is_gone and customer_id %% 20 = %(night)s %% 20
),
changed as (
  update customers
  set
    updated_at = %(when)s,
    is_gone = customers.customer_id / 20 %% 50 = %(night)s %% 50,
    x1 = random_normal(), x2 = random_normal(), x3 = random_normal(), x4 = random_normal()
  from due
  where customers.customer_id = due.customer_id
  returning customers.is_gone
)
insert into customers
select
  (select max(customer_id) from customers) + row_number() over (), %(when)s, false,
  random_normal(), random_normal(), random_normal(), random_normal(), random_normal(),
  random_normal(), random_normal(), random_normal(), random_normal(), random_normal(),
  random_normal(), random_normal(), random_normal(), random_normal(), random_normal(),
  random_normal()
from changed
where is_gone;

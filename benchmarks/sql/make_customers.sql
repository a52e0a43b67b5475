-- Seeded versions of customers: skewed amounts, some missing values, few frequent and many rare
-- categories (3, 8, 15, 30 and 60). Only every n-th customer gets a version.
insert into customer_versions (
  customer_id, updated_at, is_deleted,
  age, tenure_months, annual_income, orders_12m, spend_12m, spend_total, days_since_order, basket_value,
  returns_12m, discount_share, support_calls, visits_30d, is_active, has_newsletter, is_business,
  gender, channel, plan, region, occupation
)
select
  customer_id,
  %(updated_at)s::timestamptz + customer_id %% 86400 * interval '1 second',
  false,
  18 + floor(60 * random() * random())::integer,
  floor(120 * random() ^ 2)::integer,
  case when random() > 0.04 then round(exp(random_normal(10.4, 0.7))::numeric, 2)::float8 end,
  floor(exp(random_normal(0.8, 1)))::integer,
  exp(random_normal(4.5, 1.3)),
  exp(random_normal(6, 1.5)),
  case when random() > 0.08 then floor(-90 * ln(1 - random()))::integer end,
  case when random() > 0.08 then exp(random_normal(3.6, 0.8)) end,
  floor(4 * random() ^ 6)::integer,
  case when random() > 0.5 then 0 else random() end,
  floor(6 * random() ^ 5)::integer,
  floor(exp(random_normal(1.2, 1.1)))::integer,
  random() < 0.7,
  case when random() > 0.03 then random() < 0.4 end,
  random() < 0.08,
  (array ['female', 'male', 'other'])[1 + floor(3 * random() ^ 2)::integer],
  'channel ' || floor(8 * random() ^ 2)::integer,
  'plan ' || chr(65 + floor(15 * random() ^ 2)::integer),
  case when random() > 0.02 then 'region ' || floor(30 * random() ^ 1.5)::integer end,
  case when random() > 0.1 then 'occupation ' || floor(60 * random() ^ 3)::integer end
from generate_series(1, %(customers)s, %(every)s) as customer_id;

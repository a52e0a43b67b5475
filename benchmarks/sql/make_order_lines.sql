-- Seeded events of a year, four channels, and items of which few are bought often; the customers' lines differ in number.
insert into events_purchases (customer_id, at, identity, landed_at, item, amount, quantity, "code channel")
select
  1 + floor(%(customers)s * random() ^ 1.3)::bigint,
  %(as_of)s::timestamptz - interval '1 second' - random() * interval '360 days',
  md5(line::text)::uuid,
  %(as_of)s::timestamptz,
  floor(%(items)s * random() ^ 3)::integer,
  round((case when line %% 50 = 0 then -1 else 1 end * exp(random_normal(2, 1)))::numeric, 2)::float8,
  case when line %% 50 = 0 then -1 else 1 end,
  floor(4 * random())::integer
from generate_series(1, %(lines)s) as line;

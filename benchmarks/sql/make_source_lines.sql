-- Seeded order lines of a year with a key; one in fifty is given back. The first one is number `first`.
insert into public.order_lines (line_id, customer_id, at, product_id, price, quantity, channel)
select
  line,
  1 + floor(%(customers)s * random() ^ 1.3)::bigint,
  %(until)s::timestamptz - interval '1 second' - random() * %(days)s * interval '1 day',
  floor(%(items)s * random() ^ 3)::integer,
  round((case when line %% 50 = 0 then -1 else 1 end * exp(random_normal(2, 1)))::numeric, 2),
  case when line %% 50 = 0 then -1 else 1 end,
  (array ['shop', 'online', 'phone', 'agent'])[1 + floor(4 * random())::integer]
from generate_series(%(first)s::bigint, %(first)s + %(lines)s - 1) as line;

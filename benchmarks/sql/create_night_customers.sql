-- Seeded customers with 16 numeric columns, some of which change every night.
create table customers as
select
  customer_id,
  timestamptz '2025-12-01 12:00Z' as updated_at,
  false as is_gone,
  random_normal() as x1, random_normal() as x2, random_normal() as x3, random_normal() as x4,
  random_normal() as x5, random_normal() as x6, random_normal() as x7, random_normal() as x8,
  random_normal() as x9, random_normal() as x10, random_normal() as x11, random_normal() as x12,
  random_normal() as x13, random_normal() as x14, random_normal() as x15, random_normal() as x16
from generate_series(1, %(customers)s) as customer_id;

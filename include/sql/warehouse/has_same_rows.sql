-- Whether a table that was filled aside holds exactly the rows of the published partition, bit by bit.
-- Both have their primary key. A row that only one of them has compares as null.
select not exists (
  select from {table} as filled
  full join {partition} as published using ({primary_key})
  where (filled *<> published) is not false
);

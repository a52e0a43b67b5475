-- Describe a column of bi.customers.
comment on column {bi}.customers.{name} is {comment};

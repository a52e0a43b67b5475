-- Add the primary key of a filled table, and the CHECK that lets ATTACH skip its scan.
alter table {table}
  add primary key ({primary_key}),
  add constraint {check} check (as_of is not null and as_of = {as_of}::timestamptz);

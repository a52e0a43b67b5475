-- Record an export with the counts of its customers; returns its number and these counts.
insert into audience_exports (
  audience, as_of, tier, exported_at, exported_by, destination, column_name, hashing, members, control, left_out, outcome,
  used_columns
)
select
  %(audience)s, %(as_of)s, %(tier)s, %(exported_at)s, %(exported_by)s, %(destination)s, %(column)s, %(hashing)s,
  count(*) filter (where role = 'member'), count(*) filter (where role = 'control'), %(left_out)s, %(outcome)s,
  %(used_columns)s::text[]
from {exported}
returning number, members, control;

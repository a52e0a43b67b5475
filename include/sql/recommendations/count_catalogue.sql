-- Items of a catalogue as it was read, and rows that name none, repeat one, or whose item is too long to be landed.
select
  count(distinct item) filter (where octet_length(item) <= %(most_bytes)s),
  count(*) - count(distinct item) filter (where octet_length(item) <= %(most_bytes)s)
from {table};

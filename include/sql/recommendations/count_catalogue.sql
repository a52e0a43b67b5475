-- Items of a catalogue as it was read, and rows that name none or repeat one.
select count(distinct item), count(*) - count(distinct item)
from {table};

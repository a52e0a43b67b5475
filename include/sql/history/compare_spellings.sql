-- Whether the collation of a column takes an A for an a, and an accent for none. No row is read.
select spelled = 'A', spelled = 'á'
from (select {column} as spelled from {relation} as source_rows where false union all select 'a') as spellings;

-- How good the ranking of an audience of the current snapshot is, beside others.
select quality.*
from audience_quality as quality
join current_snapshot using (as_of)
where quality.audience = %(audience)s;

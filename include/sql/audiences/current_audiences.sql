-- The audiences of the current snapshot, or one of them, as they were published.
select audiences.*
from audiences
join current_snapshot using (as_of)
where audiences.audience = coalesce(%(audience)s, audiences.audience)
order by audiences.audience;

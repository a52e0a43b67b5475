-- The newest version of every customer before a window's end, to compare with the source's keys.
create temporary table in_force on commit drop as
select distinct on (customer_id) customer_id, is_deleted
from customer_versions
where updated_at < %(window_end)s::timestamptz
order by customer_id, updated_at desc;

-- recommended_items in a fixed order, for its hash.
select as_of, item_number, item, name, share
from recommended_items
where as_of in (select as_of from snapshots where status = 'published' and recommendations is not null)
order by as_of, item_number

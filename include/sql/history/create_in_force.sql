-- The newest version of every customer before a window's end, with the time that the source gave, to compare
-- with the source's keys.
create temporary table in_force on commit drop as
select distinct on (version.customer_id)
  version.customer_id, version.updated_at, version.is_deleted,
  coalesce(found.source_updated_at, version.updated_at) as source_updated_at
from customer_versions as version
left join reconciled_versions as found
  on found.customer_id = version.customer_id and found.updated_at = version.updated_at
where version.updated_at < %(window_end)s::timestamptz
order by version.customer_id, version.updated_at desc;

-- The finished exports from before a snapshot, and whether their customers are still kept.
select
  exports.number, exports.audience, exports.exported_at, exports.outcome,
  exists (select from audience_export_customers as customers where customers.number = exports.number)
from audience_exports as exports
where exports.status = 'finished' and exports.exported_at < %(as_of)s
order by exports.number;

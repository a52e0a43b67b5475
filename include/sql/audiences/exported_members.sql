-- Who was a member in a finished export of an audience from before a moment, in their order.
select distinct customers.customer_id
from audience_export_customers as customers
join audience_exports as exports using (number)
where exports.audience = {audience} and exports.status = 'finished' and exports.exported_at < {moment}::timestamptz
  and customers.role = 'member'
order by customers.customer_id

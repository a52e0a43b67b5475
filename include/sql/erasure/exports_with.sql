-- The exports whose files have the customer: whoever received one must be told of the erasure.
select exports.number
from audience_exports as exports
join audience_export_customers as exported using (number)
where exported.customer_id = (select requests.customer_id from erasure_requests as requests where requests.number = %(request)s)
  and exported.role = 'member'
  and exports.digest is not null
order by exports.number;

-- The members of an export, in the order of their keys.
select customer_id from audience_export_customers where number = %(number)s and role = 'member' order by customer_id;

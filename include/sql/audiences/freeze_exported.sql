-- Keep the customers of an export.
insert into audience_export_customers (number, customer_id, role)
select %(number)s, customer_id, role from {exported};

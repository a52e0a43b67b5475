-- Collect all values that the customer has ever had in a column; null for a value that was rejected.
insert into erased_values (column_name, value)
select distinct %(column)s, case when {reason} is null then {value} end
from customer_versions as landed
where customer_id = (select requests.customer_id from erasure_requests as requests where number = %(request)s);

-- Collect the codes that the customer's events hold in a column.
insert into erased_codes (event, column_name, code)
select distinct %(event)s, %(column)s, {column}
from {events}
where customer_id = (select requests.customer_id from erasure_requests as requests where number = %(request)s)
  and {column} is not null;

-- The members and the control group of an audience in a snapshot, as a query for customers.
select members.customer_id
from audience_members as members
where members.as_of = {as_of}::timestamptz and members.audience = {audience}

-- Members and control group of a tier, for this transaction: whoever must not be in an export is deleted from it.
create temporary table {exported} (customer_id customer_key not null, role text not null) on commit drop;
insert into {exported} (customer_id, role)
select members.customer_id, members.role
from audience_members as members
where members.as_of = %(as_of)s and members.audience = %(audience)s and members.tier <= %(tier)s;

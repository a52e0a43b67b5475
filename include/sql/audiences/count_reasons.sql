-- The numbers of the columns that lift the members of an audience of the current snapshot, and how many each.
select found.reason, count(*)
from audience_members as members
join current_snapshot using (as_of)
cross join lateral unnest(array[members.reason_1, members.reason_2, members.reason_3]) as found (reason)
where members.audience = %(audience)s and members.role = 'member' and found.reason is not null
group by found.reason;

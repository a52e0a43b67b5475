-- Members and control group of each tier of the audiences of the current snapshot.
select members.audience, members.tier, members.role, count(*)
from audience_members as members
join current_snapshot using (as_of)
where members.audience = coalesce(%(audience)s, members.audience)
group by members.audience, members.tier, members.role;

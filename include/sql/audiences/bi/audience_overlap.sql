-- Whom audiences share: in every published snapshot, or in the current one, as the names that are filled in say.
create or replace view {bi}.{view} with (security_barrier) as
select found.as_of, found.audience, found.other, found.customers, found.share
from {space}.audience_overlap as found
join {space}.shown_audiences as first on first.as_of = found.as_of and first.audience = found.audience
join {space}.shown_audiences as second on second.as_of = found.as_of and second.audience = found.other
where found.as_of {shown};

comment on view {bi}.{view} is 'One row per audience and other audience of the same snapshot: the members that both have; {scope}.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.audience is 'The audience.';
comment on column {bi}.{view}.other is 'The other one.';
comment on column {bi}.{view}.customers is 'Members of both, up to their largest sizes, without the control groups.';
comment on column {bi}.{view}.share is 'The same as a share of the members of the first (0 to 1).';

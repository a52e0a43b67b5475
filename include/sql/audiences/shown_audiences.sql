-- The audiences of published snapshots that readers see.
create or replace view {space}.shown_audiences as
select audiences.as_of, audiences.audience, audiences.segments_by, snapshots.hidden_algorithms
from {space}.audiences
join {space}.snapshots on snapshots.as_of = audiences.as_of and snapshots.status = 'published'
where not exists (
  select from {space}.private_audiences as hidden
  where hidden.as_of = audiences.as_of and hidden.audience = audiences.audience
);

comment on view {space}.shown_audiences is 'The audiences of published snapshots that readers see.';

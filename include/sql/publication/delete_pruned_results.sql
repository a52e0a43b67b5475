-- Delete the results of exports in pruned snapshots, but for the newest of each export.
delete from audience_results as results
using snapshots
where snapshots.as_of = results.as_of
  and snapshots.status = 'pruned'
  and exists (
    select from audience_results as newer
    join snapshots as shown on shown.as_of = newer.as_of and shown.status in ('published', 'pruned')
    where newer.number = results.number and newer.as_of > results.as_of
  );

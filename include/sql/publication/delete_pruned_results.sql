-- Delete the results of exports in pruned snapshots, but for the newest of each export that was counted, and what is newer.
delete from audience_results as results
using snapshots
where snapshots.as_of = results.as_of
  and snapshots.status = 'pruned'
  and exists (
    select from audience_results as newer
    join snapshots as shown on shown.as_of = newer.as_of and shown.status in ('published', 'pruned')
    where newer.number = results.number and newer.as_of > results.as_of
      and (newer.verdict <> 'not counted' or results.verdict = 'not counted')
  );

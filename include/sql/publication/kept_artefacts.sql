-- Snapshots whose artefacts are kept: those that are being built or have failed, the last two published ones, and
-- the one published last, from whose graph the next date of a backfill of old dates goes on. Of one that shares the rows
-- of an earlier snapshot, those of the earlier one.
(select as_of from snapshot_builds where state in ('building', 'failed'))
union
(select coalesce(unchanged_since, as_of) from snapshots where status = 'published' order by as_of desc limit 2)
union
(select coalesce(unchanged_since, as_of) from snapshots where status = 'published' order by published_at desc, as_of desc limit 1);

-- Delete the samples of snapshots that readers see no longer.
delete from disclosure_samples where as_of = any (%(as_ofs)s::timestamptz[]);

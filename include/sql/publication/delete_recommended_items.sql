-- Delete the items of snapshots whose recommendations are dropped.
delete from recommended_items where as_of = any (%(as_ofs)s::timestamptz[]);

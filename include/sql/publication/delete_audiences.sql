-- Delete what was published of the audiences of snapshots whose members are dropped.
delete from audiences where as_of = any (%(as_ofs)s::timestamptz[]);
delete from audience_quality where as_of = any (%(as_ofs)s::timestamptz[]);
delete from audience_overlap where as_of = any (%(as_ofs)s::timestamptz[]);

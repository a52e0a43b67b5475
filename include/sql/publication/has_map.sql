-- Whether any snapshot has been published with a map.
select exists (select from snapshots where status = 'published' and mapped is not null);

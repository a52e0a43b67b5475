-- Delete the counts of maps that no published snapshot has any more.
delete from map_cells where as_of = any (%(as_ofs)s);

-- Reclaim the rows this night has replaced, for the next night. The table is not truncated, since that
-- would lock readers out.
vacuum (truncate off) {table};

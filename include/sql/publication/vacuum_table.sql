-- Make room for the next night where this one has changed rows; the end of the table is left alone,
-- since cutting it off would lock readers out.
vacuum (truncate off) {table};

-- The columns that the newest window brought; null if that is not known.
select landed_columns from extracted_windows order by window_end desc limit 1;

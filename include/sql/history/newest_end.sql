-- The end of the newest window that has landed; null before the first.
select max(window_end) from extracted_windows;

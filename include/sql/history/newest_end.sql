-- The end of the newest window that has landed; null if none has.
select max(window_end) from extracted_windows;

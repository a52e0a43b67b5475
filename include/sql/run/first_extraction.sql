-- When the source was first read; null if it never was.
select min(extracted_at) from extracted_windows;

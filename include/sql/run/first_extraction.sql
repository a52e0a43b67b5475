-- When the source was first read; null before.
select min(extracted_at) from extracted_windows;

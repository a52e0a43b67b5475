-- Whether no later window has been read: a query that knows no date speaks of the newest one alone.
select not exists (select from extracted_windows where window_end > %(as_of)s);

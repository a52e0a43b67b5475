-- What is private now: by the published settings, or by a spec prepared since.
select private from reader_settings;

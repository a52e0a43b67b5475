-- What a comparison of the source with the history has counted for the newest window.
alter table extracted_windows
  add column source_customers bigint,
  add column missing_customers bigint,
  add column future_customers bigint;
comment on column extracted_windows.source_customers is 'Keys of the source that its tombstone does not mark as deleted, erased customers among them';
comment on column extracted_windows.missing_customers is 'Of them, those that no window had brought; null if the keys were not compared';
comment on column extracted_windows.future_customers is 'Keys of the source with a row dated at or after the end of the window';

-- Which columns a window brought: versions from before a spec gained a column lack its values.
alter table extracted_windows add column landed_columns text[];

comment on column extracted_windows.landed_columns is 'Features and labels of the spec; null before they were recorded.';

-- What decides which rows and values a source gives: where a spec says something else than the spec by which the newest
-- window landed, all rows are read anew.
alter table extracted_windows add column source_definition jsonb;

create table customer_readings (
  landing text primary key,
  is_anew boolean not null
);

comment on column extracted_windows.source_definition is 'The keys of the spec that decided which rows came; null before they were recorded.';
comment on table customer_readings is 'How the runs that have not ended have read the customers, for them to land.';
comment on column customer_readings.landing is 'The table of the run that holds the rows';
comment on column customer_readings.is_anew is 'Whether every row was read, since the spec''s source has changed.';

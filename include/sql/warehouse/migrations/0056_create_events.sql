-- What is known of each table of events: one row per name under "events" in the spec. The events themselves are in
-- tables events_<name>, which are made when a spec first names them.
create table event_sources (
  event text primary key,
  definition text,
  landed_until timestamptz,
  landings bigint not null default 0,
  kept_from timestamptz,
  reconciled_month date
);
comment on column event_sources.definition is 'Digest of what was read: the relation, its condition and the columns; if the spec says otherwise, all events land anew';
comment on column event_sources.landed_until is 'End of the newest window that has landed; null before the first one';
comment on column event_sources.landings is 'Number of landings, by which a run sees that another one has landed since it read';
comment on column event_sources.kept_from is 'Older events have been dropped, and land never again';
comment on column event_sources.reconciled_month is 'The month whose days were last compared with the source, of those older than reconcile_days';

create table event_windows (
  event text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  run_id text not null,
  events_read bigint not null,
  events_landed bigint not null,
  events_rejected bigint not null,
  events_withdrawn bigint not null,
  events_late bigint not null,
  primary key (event, window_end)
);
comment on column event_windows.events_read is 'Rows of the source that were read, those of days that were read again among them';
comment on column event_windows.events_landed is 'Of them, those that are new';
comment on column event_windows.events_withdrawn is 'Events that had landed and were gone or changed';
comment on column event_windows.events_late is 'Of the new ones, those that happened in a window that had landed before';

create table event_days (
  event text not null,
  day date not null,
  rows_read bigint not null,
  primary key (event, day)
);
comment on column event_days.rows_read is 'Rows that the source had of this day (UTC) when it was last read, whatever became of them';

create table event_readings (
  landing text primary key,
  event text not null,
  definition text not null,
  landings bigint not null,
  starts timestamptz[] not null,
  ends timestamptz[] not null,
  days date[] not null,
  rows_read bigint[] not null,
  reconciled_month date
);
comment on table event_readings is 'What the runs that have not ended have read, for them to land it';
comment on column event_readings.landing is 'The table of the run that holds the rows';
comment on column event_readings.landings is 'event_sources.landings when they were read';
comment on column event_readings.starts is 'Intervals in which every event of the source was read: their starts, and in ends their ends';
comment on column event_readings.days is 'Days (UTC) that had rows, and in rows_read how many';

create table event_values (
  event text not null,
  column_name text not null,
  code integer not null,
  value text not null,
  primary key (event, column_name, code),
  unique (event, column_name, value)
);
comment on column event_values.column_name is 'The column of the table of events that holds the code';
comment on column event_values.code is 'The number that stands for the text; it depends on the order of arrival';

create table rejected_events (
  event text not null,
  row_hash text not null,
  reason text not null,
  customer_id text,
  at timestamptz,
  raw jsonb not null,
  has_usable_key boolean not null,
  source_rows bigint not null,
  primary key (event, row_hash, reason)
);
comment on column rejected_events.source_rows is 'Equal rows that one reading brought';

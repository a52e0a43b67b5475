-- Identify rejected events by their key, so that the rows that contradict each other are found wherever they are.
alter table rejected_events add column identity uuid;
create index rejected_events_identity on rejected_events (event, identity) where identity is not null;
comment on column rejected_events.identity is 'What identifies the event among those with a key; null without one, and for events that were rejected before this column was there';

-- Fitted encoders as plain JSON; a version never changes once it is written.
create table encoder_versions (
  version integer generated always as identity primary key,
  spec_hash text not null,
  spec jsonb not null,
  fitted jsonb not null,
  dimensions integer not null check (dimensions > 0),
  column_blocks jsonb not null,
  fitted_as_of timestamptz not null,
  customers bigint not null,
  unique (spec_hash, fitted_as_of)
);

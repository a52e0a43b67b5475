-- What the catalogue of items says: a version of an item wherever a landing found it new or changed. An item that is
-- gone from the catalogue has a version that is not available.
create table catalogue_versions (
  item text not null,
  landed_at timestamptz not null,
  name text,
  is_available boolean not null,
  primary key (item, landed_at)
);

comment on column catalogue_versions.landed_at is 'End of the window with which the catalogue landed.';

create table catalogue_landings (
  landed_at timestamptz primary key,
  definition text not null,
  items bigint not null
);

comment on table catalogue_landings is 'The windows with which a catalogue has landed.';
comment on column catalogue_landings.definition is 'Digest of what the spec said of the catalogue.';
comment on column catalogue_landings.items is 'Items that the catalogue had.';

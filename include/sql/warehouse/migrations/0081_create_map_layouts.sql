-- The map of an encoder: where each of its landmarks lies. Every snapshot places its customers by them, so that who
-- stays the same stays put. Arrays are float32 row by row in little-endian order.
create table map_layouts (
  encoder_version integer not null references encoder_versions,
  settings text not null,
  dimensions integer not null,
  landmarks bytea not null,
  coordinates bytea not null,
  oriented_by integer references encoder_versions,
  primary key (encoder_version, settings)
);
comment on column map_layouts.settings is 'metric, and the private columns that the map is made without';
comment on column map_layouts.dimensions is 'width of a landmark: that of the vectors, rounded up to a multiple of four';
comment on column map_layouts.landmarks is 'centroids of the customers that the encoder was fitted on, each the mean of five or more; empty if there were too few';
comment on column map_layouts.coordinates is 'x and y of every landmark';
comment on column map_layouts.oriented_by is 'the encoder whose map this one was turned, mirrored and scaled to; null for the first';

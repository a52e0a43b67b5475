-- Where k-means starts from in every snapshot of an encoder, so that a night alone moves nothing.
-- settings are those of the algorithm; centers is a k by d matrix of float64.
create table kmeans_centers (
  encoder_version integer not null references encoder_versions,
  settings text not null,
  centers double precision[] not null,
  figures jsonb not null,
  primary key (encoder_version, settings)
);

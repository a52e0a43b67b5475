-- The lists of an encoder: every snapshot of it is searched in them, so that a customer's list changes only
-- with the customer. Arrays are float32 row by row, and int64, in little-endian order.
create table graph_lists (
  encoder_version integer not null references encoder_versions,
  settings text not null,
  dimensions integer not null,
  upper_centroids bytea not null,
  starts bytea not null,
  centroids bytea not null,
  rungs jsonb not null,
  primary key (encoder_version, settings)
);
comment on column graph_lists.settings is 'metric, neighbours and recall that the lists were tuned for';
comment on column graph_lists.dimensions is 'width of a centroid: that of the vectors, rounded up to a multiple of four';
comment on column graph_lists.upper_centroids is 'centroids of groups of lists; each is the mean of five customers or more, as those of lists are';
comment on column graph_lists.starts is 'the lists of upper centroid i are those from starts[i] to starts[i + 1]';
comment on column graph_lists.centroids is 'centroids of the lists; empty if the encoder was fitted on too few distinct vectors for lists';
comment on column graph_lists.rungs is 'near lists and probes of each search that a snapshot may use, cheapest first';

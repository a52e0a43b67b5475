-- Store the lists of an encoder; those of a run that was faster stay.
insert into graph_lists (encoder_version, settings, dimensions, upper_centroids, starts, centroids, rungs)
values
  (%(encoder_version)s, %(settings)s, %(dimensions)s, %(upper)s, %(starts)s, %(centroids)s, %(rungs)s)
on conflict do nothing;

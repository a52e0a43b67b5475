-- Store the lists of an encoder; those of a run that was faster stay.
insert into graph_lists (
  encoder_version, settings, dimensions, upper_centroids, starts, centroids, rungs, candidate_recall
)
values (
  %(encoder_version)s, %(settings)s, %(dimensions)s, %(upper)s, %(starts)s, %(centroids)s, %(rungs)s,
  %(candidate_recall)s
)
on conflict do nothing;

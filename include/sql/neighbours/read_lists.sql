-- The lists stored with an encoder.
select dimensions, upper_centroids, starts, centroids, rungs, candidate_recall
from graph_lists
where encoder_version = %(encoder_version)s and settings = %(settings)s;

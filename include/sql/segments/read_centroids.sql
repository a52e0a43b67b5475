-- The centroids stored with an encoder, and how they were chosen.
select centers, figures
from kmeans_centers
where encoder_version = %(encoder_version)s and settings = %(settings)s;

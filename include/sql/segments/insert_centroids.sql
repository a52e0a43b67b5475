-- Store the centroids of an encoder; those of a run that was faster stay.
insert into kmeans_centers (encoder_version, settings, centers, figures)
values (%(encoder_version)s, %(settings)s, %(centers)s, %(figures)s)
on conflict do nothing;

-- Store the map of an encoder; that of a run that was faster stays.
insert into map_layouts (encoder_version, settings, dimensions, landmarks, coordinates, oriented_by)
values
  (%(encoder_version)s, %(settings)s, %(dimensions)s, %(landmarks)s, %(coordinates)s, %(oriented_by)s)
on conflict do nothing;

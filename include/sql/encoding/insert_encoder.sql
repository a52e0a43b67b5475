-- A new encoder version; fitting the same spec as of the same date again gives the same version.
insert into encoder_versions
  (spec_hash, spec, fitted, dimensions, column_blocks, fitted_as_of, customers, freezes_lists)
values
  (%(spec_hash)s, %(spec)s, %(fitted)s, %(dimensions)s, %(column_blocks)s, %(fitted_as_of)s, %(customers)s, true)
on conflict (spec_hash, fitted_as_of) do update set is_withdrawn = false
returning version;

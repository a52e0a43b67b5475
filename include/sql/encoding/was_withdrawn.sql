-- Whether the encoder of a spec fitted as of a date has been withdrawn.
select exists (
  select from encoder_versions
  where spec_hash = %(spec_hash)s and fitted_as_of = %(fitted_as_of)s and is_withdrawn
);

-- Withdraw the encoders that were fitted for a snapshot and that no published one uses.
update encoder_versions
set is_withdrawn = true
where fitted_as_of = %(as_of)s
  and not is_withdrawn
  and version not in (
    select encoder_version from snapshots where status = 'published' and encoder_version is not null
  )
returning version;

-- Whether a window brings the catalogue: it is the newest, and has not brought this one yet. A catalogue describes the
-- present, so that it lands in no earlier one.
select not exists (select from extracted_windows where window_end > %(as_of)s)
  and not exists (select from catalogue_landings where landed_at > %(as_of)s)
  and (%(again)s or not exists (
    select from catalogue_landings where landed_at = %(as_of)s and definition = %(definition)s
  ));

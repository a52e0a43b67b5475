-- When the catalogue of a snapshot landed; null if none had.
select max(landed_at) from catalogue_landings where landed_at <= %(as_of)s;

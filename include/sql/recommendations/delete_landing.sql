-- Take back what an earlier try landed for this window.
delete from catalogue_versions where landed_at = %(as_of)s;

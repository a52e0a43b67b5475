-- Whether a snapshot is published.
select exists (select from snapshots where as_of = %(as_of)s and status = 'published');

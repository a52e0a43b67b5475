-- Withdraw a published snapshot: no view shows it any more.
update snapshots set status = 'withdrawn' where as_of = %(as_of)s and status = 'published';

-- Whether a customer was erased after the build had begun.
select exists (select from snapshot_builds where as_of = %(as_of)s and erased_at is not null);

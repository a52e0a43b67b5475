-- Whether a customer was one in the snapshot.
coalesce(
  (
    select not version.is_deleted
    from customer_versions as version
    where version.customer_id = changed.customer_id and version.updated_at < target.as_of
    order by version.updated_at desc
    limit 1
  ),
  false
)

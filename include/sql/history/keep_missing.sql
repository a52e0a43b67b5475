-- Keep the newest rows of customers who are still missing: another run may have landed some since.
delete from {found} as found
where exists (select from customer_versions as version where version.customer_id = found.customer_id)
  or exists (
    select from {found} as newer
    where newer.customer_id = found.customer_id and newer.updated_at > found.updated_at
  );

-- Keep the newest rows of customers who are still missing: another run may have landed some since.
delete from {found} as found
where not exists (
  select
  from (
    select customer_id, max(updated_at) as updated_at
    from {found} as candidate
    where not exists (select from customer_versions as version where version.customer_id = candidate.customer_id)
    group by customer_id
  ) as missing
  where missing.customer_id = found.customer_id and missing.updated_at = found.updated_at
);

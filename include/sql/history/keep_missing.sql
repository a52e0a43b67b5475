-- Keep the newest rows of customers who are still missing: another run may have landed some since. A row that is
-- dated before the version in force, and says the same, is none.
delete from {found} as landed
where customer_id is not null and not exists (
  select
  from (
    select
      customer_id, max(updated_at) as updated_at,
      coalesce(max(updated_at) filter (where not is_deleted) = max(updated_at), false) as is_alive
    from {found} as candidate
    group by customer_id
  ) as newest
  left join in_force on in_force.customer_id = newest.customer_id
  where newest.customer_id = landed.customer_id and newest.updated_at = landed.updated_at
    and case
      when newest.is_alive then coalesce(
        in_force.is_deleted or newest.updated_at > in_force.source_updated_at
          or (
            newest.updated_at < in_force.source_updated_at
            and exists (
              select from customer_versions as version
              where version.customer_id = in_force.customer_id and version.updated_at = in_force.updated_at
                and ({landed_values}) is distinct from ({version_values})
            )
          ),
        true
      )
      else not in_force.is_deleted
    end
);

-- Land the rows that differ from the version in force, for a source that does not say what changed.
insert into customer_versions ({columns})
select distinct on (customer_id, updated_at) {columns}
from {landing} as landed
where not exists (select from problems where problems.row_id = landed.ctid)
  and not exists (
    select
    from (
      select {version_columns}
      from customer_versions as version
      where version.customer_id = landed.customer_id and version.updated_at <= landed.updated_at
      order by version.updated_at desc
      limit 1
    ) as version
    where ({landed_values}) is not distinct from ({version_values})
  )
order by customer_id, updated_at
on conflict do nothing;

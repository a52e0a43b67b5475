-- Members and control of an export: those who did not have a label at export, how many of them got it until a
-- moment, and those who had it. A version is what was known of a customer from its time on.
with customers as materialized (
  select customer_id, role from audience_export_customers where number = %(number)s
),
at_export as (
  select distinct on (version.customer_id)
    version.customer_id, not version.is_deleted and ({has_outcome}) as had_outcome
  from customer_versions as version
  join customers on customers.customer_id = version.customer_id
  where version.updated_at < %(exported_at)s
  order by version.customer_id, version.updated_at desc
),
happened as (
  select distinct version.customer_id
  from customer_versions as version
  join customers on customers.customer_id = version.customer_id
  where version.updated_at >= %(exported_at)s
    and version.updated_at < %(counted_until)s
    and not version.is_deleted
    and ({has_outcome})
)
select
  customers.role,
  count(*) filter (where at_export.had_outcome is not true),
  count(*) filter (where at_export.had_outcome is not true and happened.customer_id is not null),
  count(*) filter (where at_export.had_outcome)
from customers
left join at_export using (customer_id)
left join happened using (customer_id)
group by customers.role;

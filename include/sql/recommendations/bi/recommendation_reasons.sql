-- Why items are on the lists of a snapshot, counted when it was made.
create or replace view {bi}.recommendation_reasons with (security_barrier) as
select
  found.as_of,
  ({method_of_found}) as method,
  found.listed,
  found.listed::double precision / nullif(sum(found.listed) over (partition by found.as_of), 0) as share,
  found.customers
from (
  select shown.as_of, counted.method, counted.listed, counted.customers
  from {space}.shown_recommendations as shown
  join {space}.snapshots using (as_of)
  cross join lateral jsonb_to_recordset(
    case when jsonb_typeof(snapshots.recommendation_methods) = 'array' then snapshots.recommendation_methods end
  ) as counted (
    method smallint, listed bigint, customers bigint
  )
) as found;

comment on view {bi}.recommendation_reasons is 'One row per reason why items are on the lists of a published snapshot.';
comment on column {bi}.recommendation_reasons.as_of is 'The snapshot.';
comment on column {bi}.recommendation_reasons.method is 'Why items are listed, as in recommendations.';
comment on column {bi}.recommendation_reasons.listed is 'Rows of recommendations that are there for this reason.';
comment on column {bi}.recommendation_reasons.share is 'Their share of all rows of the snapshot (0 to 1).';
comment on column {bi}.recommendation_reasons.customers is 'Customers with at least one such row.';

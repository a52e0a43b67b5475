-- How faithful the map of each published snapshot is. Figures depend on its being shown, as in customer_map.
create or replace view {bi}.map_quality with (security_barrier) as
with shown as materialized (select as_of, true as is_shown from {space}.shown_snapshots)
select
  quality.as_of,
  case when shown.is_shown then quality.trustworthiness end as trustworthiness,
  case when shown.is_shown then quality.standard_error end as standard_error,
  case when shown.is_shown then quality.neighbours end as neighbours,
  case when shown.is_shown then quality.sample_size end as sample_size,
  case when shown.is_shown then quality.customers end as customers,
  case when shown.is_shown then quality.landmarks end as landmarks
from {space}.map_quality as quality
join shown using (as_of);

comment on view {bi}.map_quality is 'How faithful the map of each published snapshot is.';
comment on column {bi}.map_quality.as_of is 'The snapshot.';
comment on column {bi}.map_quality.trustworthiness is 'Whether those who lie next to each other on the map are neighbours by all columns too: 1 if all are, 0.5 if the map is drawn at random (Venna and Kaski 2001). Where the spec has private features: by the other columns. Null if there are too few unlike customers.';
comment on column {bi}.map_quality.standard_error is 'Standard error of the trustworthiness, as it is measured on a sample; 0 if everyone was asked.';
comment on column {bi}.map_quality.neighbours is 'How many neighbours on the map were judged per customer: 15, or fewer in a small table.';
comment on column {bi}.map_quality.sample_size is 'Customers with unlike vectors whose neighbours were judged, each among all customers.';
comment on column {bi}.map_quality.customers is 'Customers on the map.';
comment on column {bi}.map_quality.landmarks is 'Centroids of customers by which the others are placed; 0 if there were too few customers for any, who then all lie at the origin.';

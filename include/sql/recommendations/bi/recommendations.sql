-- Recommendations of every published snapshot (by one as_of only its partitions are read), or of the current one, as
-- the names that are filled in say. All but the customer depends on the snapshot being shown, as in lookalikes where
-- anything is hidden: EXPLAIN (ANALYZE) would count the rows that pass item = '7' before the join. Who should hear of
-- an item, item_audience reads by the index.
create or replace view {bi}.{view} with (security_barrier) as
with shown as materialized (select as_of, catalogue_as_of, true as is_shown from {space}.shown_recommendations)
select
  found.as_of,
  found.customer_id::{key_type} as customer_id,
  found.rank,
  found.item,
  found.name,
  found.score,
  found.bought_by,
  found.neighbours,
  found.share,
  case when found.bought_by > 0 then (found.bought_by::double precision / found.neighbours / found.share)::real end as lift,
  ({method_of_found}) as method,
  found.catalogue_as_of
from (
  select
    lists.as_of, lists.customer_id, shown.catalogue_as_of,
    case when shown.is_shown then lists.rank end as rank,
    case when shown.is_shown then items.item end as item,
    case when shown.is_shown then items.name end as name,
    case when shown.is_shown then lists.score end as score,
    case when shown.is_shown then lists.bought_by end as bought_by,
    case when shown.is_shown then lists.neighbours end as neighbours,
    case when shown.is_shown then items.share end as share,
    case when shown.is_shown then lists.method end as method
  from {space}.customer_recommendations as lists
  join {space}.recommended_items as items using (as_of, item_number)
  join shown using (as_of)
) as found
where found.as_of {shown};

comment on view {bi}.{view} is 'The top items of every customer, {scope}. Empty where the spec asks for none, or where the items are private: recommendation_quality says which.';
comment on column {bi}.{view}.as_of is 'The snapshot.';
comment on column {bi}.{view}.customer_id is 'The customer.';
comment on column {bi}.{view}.rank is '1 for the best item, without gaps.';
comment on column {bi}.{view}.item is 'The key of the item.';
comment on column {bi}.{view}.name is 'Its name in the catalogue as of the snapshot; null without one.';
comment on column {bi}.{view}.score is 'Larger is better, among the items of one customer and method: the weighted share of the neighbours who own it; for popular items everyone''s share; for repurchases the number of purchases.';
comment on column {bi}.{view}.bought_by is 'How many of the neighbours own it.';
comment on column {bi}.{view}.neighbours is 'How many neighbours were asked.';
comment on column {bi}.{view}.share is 'Everyone''s share: of the customers who own anything, those who own it (0 to 1).';
comment on column {bi}.{view}.lift is 'Share of the neighbours who own it, over everyone''s share. Null where it is not on the list because of neighbours.';
comment on column {bi}.{view}.method is 'Why it is on the list: neighbours by buying profile, neighbours by the rest of the profile, popular with everybody, or repurchase.';
comment on column {bi}.{view}.catalogue_as_of is 'When the catalogue landed that names the items and says which are available; null if none had then: all count as available.';

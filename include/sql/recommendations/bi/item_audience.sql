-- Who should hear of an item: the customers on whose list it is in the current snapshot, those first whose neighbours
-- own it most. Whom everybody's taste put there, and not their own, comes last.
create or replace function {bi}.item_audience(item text, n integer default 1000)
returns table (
  rank bigint, customer_id {key_type}, score real, list_rank smallint, bought_by smallint, neighbours smallint, method text
)
language plpgsql stable security definer
set standard_conforming_strings = on
set array_nulls = on
{own_relations}
set search_path = pg_catalog, {space}, pg_temp
as $function$
declare
  most_customers constant integer := 1000000;
  longest_item constant integer := 10000;
  serving record;
  number integer;
begin
  if item is null then
    raise exception 'no item was given: item is null'
      using hint = 'Give the item as bi.recommendations_current shows it, such as bi.item_audience(''4711'', 1000).';
  end if;
  if octet_length(item) > longest_item then
    raise exception 'item has % bytes, but must have at most %', octet_length(item), longest_item
      using hint = 'Give the item as bi.recommendations_current shows it.';
  end if;
  if n is null or n < 1 or n > most_customers then
    raise exception 'n is %, but must be a number of customers from 1 to %', coalesce(n::text, 'null'), most_customers
      using hint = 'n is the most customers to return; without it they are 1000.';
  end if;
  select published.as_of, snapshots.recommendations, shown.as_of is not null as is_shown into serving
  from current_snapshot as published
  join snapshots using (as_of)
  left join shown_recommendations as shown using (as_of);
  if not found then
    return;
  end if;
  if serving.recommendations is null then
    raise exception 'snapshot % has no recommendations: its spec asks for none', serving.as_of
      using hint = 'Give the spec recommendations (docs/recommendations.md).';
  end if;
  if not serving.is_shown then
    raise exception 'the items are private: no recommendations are shown';
  end if;
  select known.item_number into number
  from recommended_items as known
  where known.as_of = serving.as_of and known.item = item_audience.item;
  if not found then
    raise exception 'item "%" is on no list of snapshot %: it is unknown, not available, or owned by fewer than 5 customers',
      left(item, 100), serving.as_of
      using hint = 'Give the item as bi.recommendations_current shows it.';
  end if;
  return query
    select
      row_number() over (order by lists.method = 3, lists.score desc, lists.customer_id),
      lists.customer_id::{key_type}, lists.score, lists.rank, lists.bought_by, lists.neighbours, ({method_of_lists})
    from customer_recommendations as lists
    where lists.as_of = serving.as_of and lists.item_number = number
    order by lists.method = 3, lists.score desc, lists.customer_id
    limit n;
end
$function$;

comment on function {bi}.item_audience is
  'The at most n customers who should hear of an item now: those on whose list of recommendations it is, the most likely first, with its rank there and how many of their neighbours own it.';

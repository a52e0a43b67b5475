-- How good the recommendations by each encoder and each settings are, beside other methods, and which lists are made by
-- them now. Where the items are private now, the only row of an encoder says so. What was measured is named by a digest,
-- as recommendations/similar_by.py makes it: so the settings of every snapshot, and of every build, give it back. What
-- was measured with, and without, the measurement says; of private columns no name.
create or replace view {bi}.recommendation_quality with (security_barrier) as
with asked as materialized (
  select
    specs.encoder_version,
    specs.shown_as_of,
    specs.settings #>> '{{recommendations,of}}' as events,
    compared.names as similar_by,
    jsonb_typeof(specs.settings #> '{{recommendations,catalogue}}') = 'object' as has_catalogue,
    coalesce((specs.settings #> '{{recommendations,include_owned}}')::boolean, false) as include_owned,
    (specs.settings #>> '{{recommendations,neighbours}}')::integer as most_neighbours,
    left(encode(sha256(convert_to(
      (
        jsonb_build_array(
          specs.settings #> '{{recommendations,of}}', to_jsonb(compared.names),
          specs.settings #> '{{recommendations,neighbours}}', specs.settings #> '{{recommendations,items}}'
        )
        || case
          when (specs.settings #> '{{recommendations,include_owned}}')::boolean or specs.settings #> '{{recommendations,owned_days}}' is not null
            then jsonb_build_array(
              specs.settings #> '{{recommendations,include_owned}}', specs.settings #> '{{recommendations,owned_days}}'
            )
          else '[]'
        end
      )::text, 'UTF8'
    )), 'hex'), 16) as settings_hash
  from (
    select snapshots.encoder_version, shown.as_of as shown_as_of, snapshots.settings::jsonb as settings
    from {space}.snapshots
    left join {space}.shown_recommendations as shown using (as_of)
    where snapshots.status = 'published'
    union all
    select builds.encoder_version, null, builds.settings::jsonb
    from {space}.snapshot_builds as builds
  ) as specs
  cross join lateral (
    -- None where no buying profile may be compared.
    select case when bool_or(block.is_profile) then array_agg(block.name order by block.position) else '{{}}' end as names
    from (
      select
        given.name, given.position, specs.settings #>> array['features', given.name, 'kind'] = 'items' as is_profile
      from jsonb_array_elements_text(
        case jsonb_typeof(specs.settings #> '{{recommendations,similar_by}}')
          when 'string' then jsonb_build_array(specs.settings #> '{{recommendations,similar_by}}')
          else specs.settings #> '{{recommendations,similar_by}}'
        end
      ) with ordinality as given (name, position)
      where (specs.settings -> 'publish_distances')::boolean or not coalesce(specs.settings -> 'private', '[]') ? given.name
    ) as block
  ) as compared
  where specs.settings -> 'recommendations' is not null
),
used as materialized (
  select
    asked.encoder_version, asked.settings_hash, min(asked.events) as events, min(asked.similar_by) as similar_by,
    min(asked.most_neighbours) as most_neighbours, max(asked.shown_as_of) as as_of,
    (array_agg(asked.has_catalogue order by asked.shown_as_of desc nulls last))[1] as has_catalogue,
    bool_or(asked.include_owned) as include_owned
  from asked
  group by asked.encoder_version, asked.settings_hash
),
offered as materialized (
  select
    used.*,
    exists (
      select from {space}.customer_recommendations as lists where lists.as_of = used.as_of and lists.method in (1, 2)
    ) as is_by_neighbours,
    exists (select from {space}.customer_recommendations as lists where lists.as_of = used.as_of) as has_lists
  from used
)
select
  found.encoder_version,
  encoders.fitted_as_of,
  found.method,
  case when found.is_published is not null then
    coalesce(
      case found.method when 'neighbours' then offered.is_by_neighbours when 'popular' then offered.has_lists and not offered.is_by_neighbours end,
      false
    )
  end as is_published,
  found.test_start,
  found.test_end,
  found.k,
  found.customers,
  found.recall,
  found.recall_low,
  found.recall_high,
  found.ndcg,
  found.ndcg_low,
  found.ndcg_high,
  found.hit_rate,
  found.hit_rate_low,
  found.hit_rate_high,
  found.coverage,
  found.neighbours,
  found.sharpness,
  found.lift_share,
  nullif(concat_ws('; ',
    found.reason,
    case when found.is_published and found.method = 'neighbours' and offered.has_lists and not offered.is_by_neighbours
      then 'no customer has enough neighbours who own the same: everybody gets the most popular items' end
  ), '') as reason,
  offered.as_of,
  case when found.is_published is not null then
    coalesce(offered.as_of = (select current_snapshot.as_of from {space}.current_snapshot), false)
  end as is_current,
  offered.events,
  case
    when found.similar_by is null then offered.similar_by
    else array(
      select known.name
      from unnest(found.similar_by) with ordinality as known (name, position)
      where known.name <> all ({private})
      order by known.position
    )
  end as similar_by,
  offered.most_neighbours,
  case when found.unmeasured is not null then
    array_remove(
      array[
        case when found.unmeasured <> '{{}}' then
          concat_ws(': ', 'columns of the customers', (
            select string_agg(known.name, ', ' order by known.position)
            from unnest(found.unmeasured) with ordinality as known (name, position)
            where known.name <> all ({private})
          ))
        end,
        case when offered.has_catalogue then 'availability' end,
        case when offered.include_owned then 'repurchases' end
      ],
      null
    )
  end as not_measured,
  found.listable_share,
  found.left_out
from (
  select
    quality.encoder_version, quality.method, quality.is_published, quality.test_start, quality.test_end, quality.k, quality.customers,
    quality.recall, quality.recall_low, quality.recall_high, quality.ndcg, quality.ndcg_low, quality.ndcg_high,
    quality.hit_rate, quality.hit_rate_low, quality.hit_rate_high, quality.coverage, quality.neighbours, quality.sharpness,
    quality.lift_share, quality.reason, quality.settings_hash, quality.similar_by, quality.unmeasured, quality.listable_share,
    quality.left_out
  from {space}.recommendation_quality as quality
  where not quality.item_names && {private} and quality.settings_hash <> 'private'
  union all
  select distinct
    quality.encoder_version, null, null::boolean, null::timestamptz, null::timestamptz, null::integer, null::bigint,
    null::double precision, null::double precision, null::double precision, null::double precision, null::double precision,
    null::double precision, null::double precision, null::double precision, null::double precision, null::double precision,
    null::integer, null::integer, null::double precision, 'the items are private: no recommendations are shown', null,
    null::text[], null::text[], null::double precision, null::bigint
  from {space}.recommendation_quality as quality
  where quality.item_names && {private}
) as found
join {space}.encoder_versions as encoders on encoders.version = found.encoder_version
left join offered on offered.encoder_version = found.encoder_version and offered.settings_hash = found.settings_hash;

comment on view {bi}.recommendation_quality is 'One row per method of an encoder version and of settings (events, similar_by, most_neighbours, k): how well lists made from what was bought before test_start predict what was bought for the first time until test_end, of the items that could be listed: those with at least five owners before. Recall of all that was bought for the first time is lower: listable_share says how much of it could be listed at all, left_out how many customers are not in the test for want of any, not_measured what the lists that customers get have besides.';
comment on column {bi}.recommendation_quality.encoder_version is 'The encoder of the buying profiles.';
comment on column {bi}.recommendation_quality.fitted_as_of is 'The date as of which it was fitted and measured.';
comment on column {bi}.recommendation_quality.method is 'neighbours, as in recommendations; popular: the same for everybody; item_neighbours and ease are measured for comparison.';
comment on column {bi}.recommendation_quality.is_published is 'Whether the lists of as_of are by this method: by neighbours, unless their recall is lower than that of the most popular items by more than a standard error (where it was measured of these lists: reason says where not), or nobody has enough neighbours. False where no snapshot that is shown has such lists.';
comment on column {bi}.recommendation_quality.test_start is 'The lists of the test are from what was known before; encoder and neighbours too.';
comment on column {bi}.recommendation_quality.test_end is 'The end of the purchases that were to be predicted.';
comment on column {bi}.recommendation_quality.k is 'Items per list.';
comment on column {bi}.recommendation_quality.customers is 'Customers in the test: those who bought before it, and in it something new that could be listed.';
comment on column {bi}.recommendation_quality.recall is 'Share of a customer''s new items that could be listed, of at most k, that are on the list; a mean over customers. Availability now does not count: what was sold in the test may be listed.';
comment on column {bi}.recommendation_quality.recall_low is 'Lower end of its 95 % interval over customers.';
comment on column {bi}.recommendation_quality.recall_high is 'Upper end.';
comment on column {bi}.recommendation_quality.ndcg is 'The same, but an item counts the more the higher it is on the list.';
comment on column {bi}.recommendation_quality.ndcg_low is 'Lower end of its 95 % interval.';
comment on column {bi}.recommendation_quality.ndcg_high is 'Upper end.';
comment on column {bi}.recommendation_quality.hit_rate is 'Share of these customers with at least one new item on the list.';
comment on column {bi}.recommendation_quality.hit_rate_low is 'Lower end of its 95 % interval.';
comment on column {bi}.recommendation_quality.hit_rate_high is 'Upper end.';
comment on column {bi}.recommendation_quality.coverage is 'Share of the items that could be recommended that are on any list.';
comment on column {bi}.recommendation_quality.neighbours is 'Neighbours that count; chosen on an earlier split, as the next two.';
comment on column {bi}.recommendation_quality.sharpness is 'The power of a neighbour''s similarity that is its weight.';
comment on column {bi}.recommendation_quality.lift_share is '0: items in the order of their share among the neighbours; 1: of their lift.';
comment on column {bi}.recommendation_quality.reason is 'Why nothing was measured, or is not shown, or why this method is published though no measurement has chosen it; null otherwise.';
comment on column {bi}.recommendation_quality.as_of is 'The newest snapshot that is shown whose lists are by this encoder and these settings; null without one.';
comment on column {bi}.recommendation_quality.is_current is 'Whether these are the lists of recommendations_current.';
comment on column {bi}.recommendation_quality.events is 'The events whose items are recommended, as the spec names them; null where no snapshot or run has these settings any more.';
comment on column {bi}.recommendation_quality.similar_by is 'The public features by which neighbours were found in the test; where nothing was measured, those of the lists. None where every buying profile is private.';
comment on column {bi}.recommendation_quality.most_neighbours is 'The most neighbours of a customer, by the spec.';
comment on column {bi}.recommendation_quality.not_measured is 'What the lists that customers get have, and those of the test had not: ''columns of the customers: ...'' (compared by too, but their past is not known), ''availability'' (the catalogue leaves items out), ''repurchases'' (owned items on top). Empty where the same lists were measured; null where nothing was, or by an earlier release.';
comment on column {bi}.recommendation_quality.listable_share is 'Share of the items bought for the first time in the test, by customers who had bought before, that could have been listed: with at least five owners before. recall is of these alone.';
comment on column {bi}.recommendation_quality.left_out is 'Customers who had bought before and bought something new in the test, but nothing that could have been listed: they are not among customers.';

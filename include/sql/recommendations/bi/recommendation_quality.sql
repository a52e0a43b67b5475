-- How good the recommendations by each encoder are, beside other methods. Where the items are private now, the only
-- row of an encoder says so.
create or replace view {bi}.recommendation_quality with (security_barrier) as
select
  found.encoder_version,
  encoders.fitted_as_of,
  found.method,
  found.is_published,
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
  found.reason
from (
  select
    quality.encoder_version, quality.method, quality.is_published, quality.test_start, quality.test_end, quality.k, quality.customers,
    quality.recall, quality.recall_low, quality.recall_high, quality.ndcg, quality.ndcg_low, quality.ndcg_high,
    quality.hit_rate, quality.hit_rate_low, quality.hit_rate_high, quality.coverage, quality.neighbours, quality.sharpness,
    quality.lift_share, quality.reason
  from {space}.recommendation_quality as quality
  where not quality.item_names && {private} and quality.settings_hash <> 'private'
  union all
  select distinct
    quality.encoder_version, null, null::boolean, null::timestamptz, null::timestamptz, null::integer, null::bigint,
    null::double precision, null::double precision, null::double precision, null::double precision, null::double precision,
    null::double precision, null::double precision, null::double precision, null::double precision, null::double precision,
    null::integer, null::integer, null::double precision, 'the items are private: no recommendations are shown'
  from {space}.recommendation_quality as quality
  where quality.item_names && {private}
) as found
join {space}.encoder_versions as encoders on encoders.version = found.encoder_version;

comment on view {bi}.recommendation_quality is 'One row per method of an encoder version: how well lists made from what was bought before test_start predict what was bought for the first time until test_end.';
comment on column {bi}.recommendation_quality.encoder_version is 'The encoder of the buying profiles.';
comment on column {bi}.recommendation_quality.fitted_as_of is 'The date as of which it was fitted and measured.';
comment on column {bi}.recommendation_quality.method is 'neighbours, as in recommendations; popular: the same for everybody; item_neighbours and ease are measured for comparison.';
comment on column {bi}.recommendation_quality.is_published is 'Whether recommendations are by this method: by neighbours, unless their recall is lower than that of the most popular items by more than a standard error.';
comment on column {bi}.recommendation_quality.test_start is 'The lists of the test are from what was known before; encoder and neighbours too.';
comment on column {bi}.recommendation_quality.test_end is 'The end of the purchases that were to be predicted.';
comment on column {bi}.recommendation_quality.k is 'Items per list.';
comment on column {bi}.recommendation_quality.customers is 'Customers in the test: those who bought before it, and something new in it.';
comment on column {bi}.recommendation_quality.recall is 'Share of a customer''s new items, of at most k, that are on the list; a mean over customers.';
comment on column {bi}.recommendation_quality.recall_low is 'Lower end of its 95 % interval over customers.';
comment on column {bi}.recommendation_quality.recall_high is 'Upper end.';
comment on column {bi}.recommendation_quality.ndcg is 'The same, but an item counts the more the higher it is on the list.';
comment on column {bi}.recommendation_quality.ndcg_low is 'Lower end of its 95 % interval.';
comment on column {bi}.recommendation_quality.ndcg_high is 'Upper end.';
comment on column {bi}.recommendation_quality.hit_rate is 'Share of customers with at least one new item on the list.';
comment on column {bi}.recommendation_quality.hit_rate_low is 'Lower end of its 95 % interval.';
comment on column {bi}.recommendation_quality.hit_rate_high is 'Upper end.';
comment on column {bi}.recommendation_quality.coverage is 'Share of the items that could be recommended that are on any list.';
comment on column {bi}.recommendation_quality.neighbours is 'Neighbours that count; chosen on an earlier split, as the next two.';
comment on column {bi}.recommendation_quality.sharpness is 'The power of a neighbour''s similarity that is its weight.';
comment on column {bi}.recommendation_quality.lift_share is '0: items in the order of their share among the neighbours; 1: of their lift.';
comment on column {bi}.recommendation_quality.reason is 'Why nothing was measured, or is not shown; null otherwise.';

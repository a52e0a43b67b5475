-- How good the recommendations of a snapshot are, beside other methods: by the settings of the snapshot, which are those
-- of the first at or after it that are shown.
select
  method, is_published, test_start, test_end, k, customers, recall, recall_low, recall_high, ndcg, ndcg_low, ndcg_high,
  hit_rate, hit_rate_low, hit_rate_high, coverage, reason, not_measured, listable_share, left_out
from (
  select
    quality.*,
    rank() over (order by quality.as_of < %(as_of)s nulls last, quality.as_of) as place
  from {bi}.recommendation_quality as quality
  where encoder_version = %(encoder_version)s
) as found
where place = 1
order by recall desc nulls last, method;

-- recommendation_quality in a fixed order, for its hash; version numbers are left out.
select
  encoders.spec_hash, encoders.fitted_as_of, quality.settings_hash, quality.method, quality.is_published, quality.test_start,
  quality.test_end, quality.k, quality.customers, quality.recall, quality.recall_low, quality.recall_high, quality.ndcg,
  quality.ndcg_low, quality.ndcg_high, quality.hit_rate, quality.hit_rate_low, quality.hit_rate_high, quality.coverage,
  quality.neighbours, quality.sharpness, quality.lift_share, quality.reason
from recommendation_quality as quality
join encoder_versions as encoders on encoders.version = quality.encoder_version
where quality.settings_hash <> 'private'
order by encoders.spec_hash, encoders.fitted_as_of, quality.settings_hash, quality.method

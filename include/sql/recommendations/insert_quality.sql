-- Record what was measured, unless another run was first.
insert into recommendation_quality (
  encoder_version, settings_hash, item_names, method, is_published, test_start, test_end, k, customers, recall, recall_low,
  recall_high, ndcg, ndcg_low, ndcg_high, hit_rate, hit_rate_low, hit_rate_high, coverage, neighbours, sharpness,
  lift_share, reason, similar_by, unmeasured, listable_share, left_out
)
select
  %(encoder_version)s, %(settings_hash)s, %(item_names)s, found.method, found.is_published, found.test_start, found.test_end,
  found.k, found.customers, found.recall, found.recall_low, found.recall_high, found.ndcg, found.ndcg_low, found.ndcg_high,
  found.hit_rate, found.hit_rate_low, found.hit_rate_high, found.coverage, found.neighbours, found.sharpness,
  found.lift_share, found.reason, found.similar_by, found.unmeasured, found.listable_share, found.left_out
from jsonb_populate_recordset(null::recommendation_quality, %(methods)s) as found
where not exists (
  select from recommendation_quality as known
  where known.encoder_version = %(encoder_version)s and known.settings_hash = %(settings_hash)s
)
on conflict do nothing;

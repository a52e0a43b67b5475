-- How well lists predict what customers buy for the first time, by the encoder and the settings of the current lists;
-- or why there are none.
select method, is_published, customers, k, recall, recall_low, recall_high, coverage, reason, not_measured, listable_share, left_out
from {bi}.recommendation_quality
where is_current
  or (is_current is null and encoder_version = (select max(encoder_version) from {bi}.recommendation_quality))
order by not is_published, recall desc nulls last, method

-- Distinct ids that have arrived, rows without an id, and distinct ids that cannot be keys.
select
  count(distinct customer_id) + count(distinct unusable_id),
  count(*) filter (where customer_id is null and unusable_id is null),
  count(distinct unusable_id)
from {landing};

-- Mark the generation that serves, and retire the previous one. That one still holds the snapshot that
-- was current, unless the same date is published again.
update index_builds
set
  state = case when generation = %(generation)s then 'serving' else 'retired' end,
  holds_as_of = case when generation <> %(generation)s and replaced.as_of <> %(as_of)s then replaced.as_of end,
  holds_published_at = case when generation <> %(generation)s and replaced.as_of <> %(as_of)s then replaced.published_at end
from (
  select published.as_of, snapshots.published_at
  from current_snapshot as published
  left join snapshots using (as_of)
) as replaced
where generation = %(generation)s or state = 'serving';

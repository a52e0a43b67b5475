-- audience_members in a fixed order, for its hash; where no audience was published, a partition may be left.
select
  as_of, audience, customer_id, rank, score, percentile, probability, tier, role, reason_1, reason_2, reason_3, seed_segment
from audience_members
where (as_of, audience) in (
  select as_of, audience from audiences join snapshots using (as_of) where snapshots.status = 'published'
)
order by as_of, audience, rank

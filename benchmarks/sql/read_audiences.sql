-- What became of each audience of the current snapshot, with a hash of its members.
select
  audience, status, reason,
  (
    select md5(string_agg(row(customer_id, rank, score, tier, role, reasons)::text, ';' order by rank))
    from {bi}.audience_members_current as members
    where members.audience = audiences.audience
  )
from {bi}.audiences_current as audiences
order by audience

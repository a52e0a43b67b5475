-- Collect rows of no day whose key a rejected event has that was not read again: they contradict each other still.
insert into problems (row_id, reason)
select landed.ctid, %(reason)s
from {landing} as landed
where not coalesce(landed.at > '0001-12-31 BC' and landed.at < '10000-01-02', false)
  and exists (
    select from rejected_events as rejected
    where rejected.event = %(event)s and rejected.identity = landed.identity
      and not rejected.at <@ %(read)s::tstzmultirange
  )
  and not exists (select from problems where problems.row_id = landed.ctid and problems.reason = %(reason)s);

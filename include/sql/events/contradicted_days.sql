-- Days (UTC) outside of what was read, of rejected events whose key has arrived, or was that of a rejected event that
-- has been read again. Rows of no day arrive every time: they call for the others the first time only.
select distinct greatest((rejected.at at time zone 'UTC')::date, date '1899-12-31')
from rejected_events as rejected
where rejected.event = %(event)s
  and not rejected.at <@ %(read)s::tstzmultirange
  and rejected.identity in (
    select landed.identity
    from {landing} as landed
    where landed.at > '0001-12-31 BC' and landed.at < '10000-01-02'
      or not exists (
        select from rejected_events as undated
        where undated.event = %(event)s and undated.identity = landed.identity and undated.at is null
      )
    union all
    select before.identity
    from rejected_events as before
    where before.event = %(event)s
      and (
        before.at <@ %(read)s::tstzmultirange
        or before.at is null and not exists (select from {landing} as landed where landed.identity = before.identity)
      )
  );

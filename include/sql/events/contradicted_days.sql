-- Days (UTC) outside of what was read, of rejected events whose key has arrived, or was that of a rejected event that
-- has been read again. Rows of no day arrive every time: they call for the others the first time, and when they are
-- gone.
with landed as not materialized (
  select identity, coalesce(at > '0001-12-31 BC' and at < '10000-01-02', false) as is_dated from {landing}
),
rejected as not materialized (
  select identity, at from rejected_events where event = %(event)s and identity is not null
)
select distinct greatest((rejected.at at time zone 'UTC')::date, date '1899-12-31')
from rejected
where not rejected.at <@ %(read)s::tstzmultirange
  and rejected.identity in (
    select landed.identity from landed where landed.is_dated
    union all
    select landed.identity
    from landed
    where not landed.is_dated
      and not exists (select from rejected as undated where undated.identity = landed.identity and undated.at is null)
    union all
    select before.identity from rejected as before where before.at <@ %(read)s::tstzmultirange
    union all
    select before.identity
    from rejected as before
    where before.at is null and not exists (select from landed where landed.identity = before.identity)
  );

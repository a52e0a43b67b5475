-- Give rows whose time is a day (midnight, in UTC or the source's time zone) their place in the history.
-- A day of which an earlier run has read a part is read again: rows that have landed are dated as they
-- landed, and what is new or has changed is dated right after the end of what had been read, so that no
-- published snapshot changes. Where that end is null, only the former. The day that the source gave is kept: a row of
-- the next day would otherwise look older than what has landed.
with dated as materialized (
  select
    landed.ctid as row_id,
    landed.updated_at as source_updated_at,
    day.place,
    case
      when newer.customer_id is null and in_force.updated_at >= landed.updated_at and not in_force.is_same then day.place
      when same.updated_at is not null then same.updated_at
      when greatest((day.named + 1)::timestamp at time zone {zone}, (day.named + 1)::timestamp at time zone 'UTC') > {read_until} then day.place
    end as updated_at
  from {landing} as landed
  cross join lateral (
    -- By one clock or the other, two days may have begun by that end: their order is kept.
    select named, {read_until} + greatest(0, named - ({read_until} at time zone 'UTC')::date + 2) * interval '1 microsecond' as place
    from (
      select (landed.updated_at at time zone case when landed.updated_at = date_trunc('day', landed.updated_at at time zone {zone}) at time zone {zone} then {zone} else 'UTC' end)::date as named
    ) as days
  ) as day
  left join {landing} as newer on newer.customer_id = landed.customer_id and newer.updated_at > landed.updated_at and isfinite(newer.updated_at)
  left join lateral (
    select version.updated_at, ({landed_values}) is not distinct from ({version_values}) as is_same
    from customer_versions as version
    where version.customer_id = landed.customer_id
    order by version.updated_at desc
    limit 1
  ) as in_force on true
  left join lateral (
    select max(version.updated_at) as updated_at
    from customer_versions as version
    where version.customer_id = landed.customer_id
      and version.updated_at >= least(landed.updated_at, day.named::timestamp at time zone 'UTC')
      and ({landed_values}) is not distinct from ({version_values})
  ) as same on true
  where case
    when landed.updated_at between '0001-01-02' and least({read_until} - interval '1 microsecond', '9999-12-30')
      then landed.updated_at in (
        date_trunc('day', landed.updated_at at time zone {zone}) at time zone {zone},  -- where clocks skip midnight, it shows 01:00
        date_trunc('day', landed.updated_at at time zone 'UTC') at time zone 'UTC'
      )
  end
),
moved as (
  update {landing} as landed
  set updated_at = dated.updated_at
  from dated
  where landed.ctid = dated.row_id and dated.updated_at is not null
    and not exists (select from problems where problems.row_id = landed.ctid)
  returning landed.customer_id, landed.updated_at, dated.source_updated_at, dated.updated_at = dated.place as is_change
)
insert into reconciled_versions (customer_id, updated_at, source_updated_at)
select customer_id::customer_key, updated_at, max(source_updated_at)
from moved
where is_change
group by customer_id, updated_at
on conflict do nothing;

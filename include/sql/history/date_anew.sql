-- Give rows of a source that was read anew, since the spec defines it otherwise now, their place in the history. A
-- customer's newest row collapses with the version in force if it says the same, and else lands right after the end of
-- what had been read, so that no published snapshot changes. The older rows stay as they landed, or are left out.
-- If everything was asked for, what is new lands at its true place. The time that the source gave is kept.
with dated as materialized (
  select
    landed.ctid as row_id,
    landed.updated_at as source_updated_at,
    newest.updated_at = landed.updated_at as is_newest,
    case
      when newest.updated_at > landed.updated_at then
        case when own.is_same or ({keeps_place} and own.updated_at is null) then landed.updated_at end
      when in_force.is_same then
        case when {keeps_place} and own.updated_at is null then landed.updated_at else in_force.updated_at end
      when {keeps_place} and coalesce(in_force.updated_at < landed.updated_at, true) then landed.updated_at
      else {read_until} + interval '4 microseconds'  -- days take less
    end as place
  from {landing} as landed
  join (
    select customer_id, max(updated_at) as updated_at
    from {landing} as candidate
    where isfinite(updated_at)
    group by customer_id
  ) as newest on newest.customer_id = landed.customer_id
  left join lateral (
    select version.updated_at, ({landed_values}) is not distinct from ({version_values}) as is_same
    from customer_versions as version
    where version.customer_id = landed.customer_id
    order by version.updated_at desc
    limit 1
  ) as in_force on true
  left join lateral (
    select version.updated_at, ({landed_values}) is not distinct from ({version_values}) as is_same
    from customer_versions as version
    where version.customer_id = landed.customer_id and version.updated_at = landed.updated_at
  ) as own on true
  where isfinite(landed.updated_at)
    and landed.updated_at < {read_until}
    and not exists (select from problems where problems.row_id = landed.ctid)
    and not exists (
      select from {landing} as other
      where other.customer_id = landed.customer_id
        and other.updated_at = landed.updated_at
        and ({landed_values}) is distinct from ({other_values})
    )
),
moved as (
  update {landing} as landed
  set updated_at = dated.place
  from dated
  where landed.ctid = dated.row_id and dated.place <> dated.source_updated_at
  returning landed.customer_id, landed.updated_at, dated.source_updated_at
),
left_out as (
  delete from {landing} as landed
  using dated
  where landed.ctid = dated.row_id and dated.place is null
),
kept as (
  insert into reconciled_versions (customer_id, updated_at, source_updated_at)
  select customer_id::customer_key, updated_at, max(source_updated_at)
  from moved
  group by customer_id, updated_at
  on conflict (customer_id, updated_at) do update set source_updated_at = excluded.source_updated_at
)
select
  count(*) filter (where is_newest and place > {read_until}),
  count(*) filter (where place is null)
from dated;

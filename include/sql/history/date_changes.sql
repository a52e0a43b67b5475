-- Give rows that an artificial or a later date would hide their place in the history. If a customer's newest row
-- differs from the version in force, which is dated later (or differs in the tombstone alone), it is dated right
-- after the end of what had been read, so that no published snapshot changes. A row that has landed so is dated
-- as it landed, unless it is read again for its true place. Where that end is null, only the latter.
with hidden as materialized (
  select landed.ctid as row_id
  from {landing} as landed
  where isfinite(landed.updated_at)
    and landed.updated_at < coalesce({read_until}, 'infinity')
    and not exists (select from problems where problems.row_id = landed.ctid)
    and exists (
      select from customer_versions as version
      where version.customer_id = landed.customer_id
        and version.updated_at >= landed.updated_at
        and (version.updated_at > landed.updated_at or version.is_deleted <> landed.is_deleted)
    )
    and not exists (
      select from {landing} as other
      where other.customer_id = landed.customer_id
        and other.updated_at = landed.updated_at
        and ({landed_values}) is distinct from ({other_values})
    )
),
placed as (
  select
    landed.ctid as row_id,
    landed.updated_at as source_updated_at,
    is_change.so as is_change,
    case
      when is_change.so then {read_until} + interval '4 microseconds'  -- days take less
      when {keeps_place} and not exists (
        select from customer_versions as own
        where own.customer_id = landed.customer_id and own.updated_at = landed.updated_at
      ) then null
      else (
        select max(found.updated_at)
        from reconciled_versions as found
        join customer_versions as version on version.customer_id = found.customer_id and version.updated_at = found.updated_at
        where found.customer_id = landed.customer_id and found.source_updated_at = landed.updated_at
          and ({landed_values}) is not distinct from ({version_values})
      )
    end as updated_at
  from hidden
  join {landing} as landed on landed.ctid = hidden.row_id
  cross join lateral (
    select version.updated_at, version.is_deleted, ({landed_values}) is distinct from ({known_values}) as differs
    from customer_versions as version
    where version.customer_id = landed.customer_id
    order by version.updated_at desc
    limit 1
  ) as in_force
  cross join lateral (
    select {read_until} is not null
      and in_force.differs
      and (in_force.updated_at > landed.updated_at or in_force.is_deleted <> landed.is_deleted)
      and not exists (
        select from {landing} as other
        where other.customer_id = landed.customer_id
          and isfinite(other.updated_at)
          and other.updated_at > landed.updated_at
      ) as so
  ) as is_change
),
moved as (
  update {landing} as landed
  set updated_at = placed.updated_at
  from placed
  where landed.ctid = placed.row_id and placed.updated_at is not null
  returning landed.customer_id, landed.updated_at, placed.source_updated_at, placed.is_change
)
insert into reconciled_versions (customer_id, updated_at, source_updated_at)
select distinct customer_id::customer_key, updated_at, source_updated_at
from moved
where is_change
on conflict do nothing;

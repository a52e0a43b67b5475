-- Why two customers are similar: what each column adds to their distance in the current snapshot. The
-- contributions sum to the squared distance for l2, to the distance for cosine and inner product. Private
-- columns contribute nothing here: the rest is that of the public part of the vectors.
-- Reads the serving generation by its number, as similar_customers does, and the raw rows that its vectors were
-- made from: one that has landed since, in a night that failed, is not the current snapshot's.
create or replace function {bi}.explain_pair(customer_a {key_type}, customer_b {key_type})
returns table (column_name text, contribution double precision, share double precision, value_a text, value_b text)
language plpgsql stable security definer
set standard_conforming_strings = on
set array_nulls = on
{own_relations}
set search_path = pg_catalog, {space}, pg_temp
as $function$
declare
  serving record;
  private text[];
  event_features text[];
  event_kinds text[];
  mask {extension}.vector;
begin
  select published.as_of, published.encoder_version, builds.table_name, encoders.column_blocks into serving
  from current_snapshot as published
  join index_builds as builds using (generation)
  join encoder_versions as encoders on encoders.version = published.encoder_version;
  if not found then
    return;
  end if;
  private := (select shown.private from reader_settings as shown);
  select array_agg(feature.key order by feature.position), array_agg(feature.value ->> 'kind' order by feature.position)
  into event_features, event_kinds
  from snapshots
  cross join json_each(snapshots.settings -> 'features') with ordinality as feature (key, value, position)
  where snapshots.as_of = serving.as_of and feature.value -> 'of' is not null;
  mask := public_mask(serving.encoder_version, private)::{extension}.vector;
  return query execute format(
    $query$
      with pair as (
        select
          a.embedding operator(%2$I.*) $5 as vector_a, b.embedding operator(%2$I.*) $5 as vector_b,
          a.updated_at as updated_a, b.updated_at as updated_b
        from %1$I as a, %1$I as b
        where a.customer_id = $1 and b.customer_id = $2
      ),
      blocks as (
        select block.key as name, (block.value ->> 0)::integer as start, (block.value ->> 1)::integer as stop
        from jsonb_each($3) as block
      ),
      parts as (
        select
          name,
          (
            select sum({contribution})
            from unnest((select vector_a::real[] from pair)) with ordinality as x (a, position)
            join unnest((select vector_b::real[] from pair)) with ordinality as y (b, position) using (position)
            cross join (
              select
                coalesce(nullif(%2$I.vector_norm(vector_a), 0), 1) as norm_a,
                coalesce(nullif(%2$I.vector_norm(vector_b), 0), 1) as norm_b
              from pair
            ) as norms
            where position > start and position <= stop
          ) as added
        from blocks
        where exists (select from pair) and name <> all ($4)
        union all
        select name, null
        from blocks
        where exists (select from pair) and name = any ($4)
      ),
      version_a as (
        select to_jsonb(v) as raw from pair
        join customer_versions as v on v.customer_id = $1 and v.updated_at = pair.updated_a
      ),
      version_b as (
        select to_jsonb(v) as raw from pair
        join customer_versions as v on v.customer_id = $2 and v.updated_at = pair.updated_b
      ),
      behaviour as (
        select
          done.customer_id,
          feature.name,
          case
            when feature.number = 'NaN' then null
            when feature.kind = 'recency' then to_char(timestamp '1970-01-01' + feature.number * interval '1 day', 'YYYY-MM-DD HH24:MI:SS')
            when feature.kind = 'items' then feature.number || ' items'
            else feature.number::text
          end as value
        from customer_behaviour as done
        cross join lateral unnest($6, $7, done.numbers) as feature (name, kind, number)
        where done.as_of = $8 and done.customer_id in ($1, $2)
      )
      select
        parts.name,
        parts.added,
        abs(parts.added) / coalesce(nullif(sum(abs(parts.added)) over (), 0), 1),
        case when parts.name <> all ($4) then coalesce(done_a.value, version_a.raw ->> parts.name) end,
        case when parts.name <> all ($4) then coalesce(done_b.value, version_b.raw ->> parts.name) end
      from parts
      left join version_a on parts.name <> all ($6)
      left join version_b on parts.name <> all ($6)
      left join behaviour as done_a on done_a.customer_id = $1 and done_a.name = parts.name
      left join behaviour as done_b on done_b.customer_id = $2 and done_b.name = parts.name
      order by parts.added desc nulls last, parts.name
    $query$,
    serving.table_name,
    {extension_name}
  ) using customer_a, customer_b, serving.column_blocks, private, mask,
    coalesce(event_features, '{{}}'), coalesce(event_kinds, '{{}}'), serving.as_of;
end
$function$;

comment on function {bi}.explain_pair is
  'Why two customers are similar now: what each column adds to their distance, its share, and both raw values. Private columns are left out: their row is empty, and the shares are those of the others.';

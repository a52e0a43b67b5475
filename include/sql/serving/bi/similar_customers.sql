-- The k customers most similar to one customer, optionally filtered by segment or column values. Uses the
-- index at its measured probes, or a scan where the index finds too few or serves another metric. Reads
-- the generation by its number, so that a publish never waits for a reader. Settings are restored, so that
-- they do not leak into the caller's transaction. With private features it scans the public part of the
-- vectors, as any other order would give them away.
create or replace function {bi}.similar_customers(
  customer_id {key_type},
  k integer default 10,
  condition jsonb default null,
  algorithm text default null,
  cluster_id integer default null,
  metric text default null
)
returns table (lookalike_id {key_type}, distance double precision, similarity double precision)
language plpgsql stable security definer
set standard_conforming_strings = on
set array_nulls = on
{own_relations}
set search_path = pg_catalog, {space}, pg_temp
as $function$
declare
  most_customers constant integer := 100000;
  metrics constant jsonb := {metrics};
  half_spare constant bigint := 2;  -- as spec/index_methods.py
  wider constant integer := 4;  -- as serving/index_kinds.py
  -- With a filter the customers who pass it are farther away, so more of the index is read, and more
  -- rows per customer wanted (docs/design.md).
  spare constant bigint := 10;
  first_effort constant integer := 4;
  before constant text[] := array[
    current_setting('ivfflat.probes', true), current_setting('ivfflat.max_probes', true),
    current_setting('ivfflat.iterative_scan', true), current_setting('hnsw.ef_search', true),
    current_setting('hnsw.max_scan_tuples', true), current_setting('hnsw.iterative_scan', true),
    current_setting('enable_seqscan')
  ];
  serving record;
  shown record;
  is_hidden boolean;
  asked jsonb;
  filter text := '';
  mask {extension}.vector;
  part text := '';
  wanted bigint;
  ids {key_type}[];
  distances double precision[];
  similarities double precision[];
begin
  if k is null or k < 1 or k > most_customers then
    raise exception 'k is %, but must be at least 1 and at most %', k, most_customers;
  end if;
  if not coalesce(metrics ? metric, true) then
    raise exception 'metric is "%", allowed are %', left(metric, 100), (select string_agg(name, ', ') from jsonb_object_keys(metrics) as name);
  end if;
  select
    published.as_of, coalesce(snapshots.unchanged_since, published.as_of) as stored_as_of, published.encoder_version,
    builds.table_name, builds.metric, builds.method, builds.dimensions,
    builds.precision = 'half' as is_half,
    builds.probes, builds.ef_search
  into serving
  from current_snapshot as published
  join index_builds as builds using (generation)
  left join snapshots on snapshots.as_of = published.as_of;
  if not found then
    return;
  end if;
  select settings.metric, settings.filterable, settings.hidden into shown from reader_settings as settings;
  is_hidden := shown.hidden <> '{{}}';
  asked := metrics -> coalesce(metric, shown.metric);
  if algorithm is not null or cluster_id is not null then
    perform check_segment(serving.as_of, algorithm, cluster_id);
    filter := ' and exists (select from customer_clusters as member where member.as_of = $3 and member.algorithm = $4'
      ' and member.cluster_id = $5 and member.customer_id = candidate.customer_id %1$s)';
  end if;
  if condition is not null then
    filter := filter || ' and exists (select from customer_versions as version where version.customer_id = candidate.customer_id'
      ' and version.updated_at = candidate.updated_at and ' || replace(row_condition(condition, shown.filterable), '%', '%%') || ' %1$s)';
  end if;
  wanted := k;
  if filter <> '' then
    wanted := spare * k;
    serving.probes := first_effort * serving.probes;
    serving.ef_search := first_effort * serving.ef_search;
  elsif serving.is_half then
    wanted := half_spare * k;
  end if;
  if is_hidden then
    mask := public_mask(serving.encoder_version, shown.hidden)::{extension}.vector;
    part := format(' operator(%I.*) $6', {extension_name});
  elsif serving.method in ('ivfflat', 'hnsw') and asked = metrics -> serving.metric then
    if serving.method = 'ivfflat' then
      perform
        set_config('ivfflat.probes', least(32768, serving.probes)::text, true),
        set_config('ivfflat.max_probes', least(32768, wider * serving.probes)::text, true),
        set_config('ivfflat.iterative_scan', 'relaxed_order', true),
        set_config('enable_seqscan', 'off', true);
    else
      perform
        set_config('hnsw.ef_search', least(1000, serving.ef_search)::text, true),
        set_config('hnsw.max_scan_tuples', '20000', true),
        set_config('hnsw.iterative_scan', 'strict_order', true),
        set_config('enable_seqscan', 'off', true);
    end if;
    execute format(
      $query$
        select array_agg(found_id), array_agg(distance), array_agg(%5$s)
        from (
          select near.customer_id::{key_type} as found_id, near.embedding %2$s self.embedding as distance
          from (select embedding from %1$I where customer_id = $1) as self
          cross join lateral (
            select customer_id, embedding from %1$I as candidate
            where true %3$s
            order by (candidate.embedding%4$s) %2$s (self.embedding%4$s)
            limit $2
          ) as near
          where near.customer_id <> $1
          order by distance, near.customer_id
        ) as ranked
        where distance <> 'NaN'  -- a zero vector has no cosine
      $query$,
      serving.table_name,
      asked ->> 'operator',
      -- The offset keeps the order of the index: without it the planner may join and sort all.
      format(filter, 'offset 0'),
      case when serving.is_half then format('::%I.halfvec(%s)', {extension_name}, serving.dimensions) end,
      asked ->> 'similarity'
    ) into ids, distances, similarities using customer_id, wanted + 1, serving.stored_as_of, algorithm, cluster_id;
    perform
      set_config('ivfflat.probes', coalesce(nullif(before[1], ''), '1'), true),
      set_config('ivfflat.max_probes', coalesce(nullif(before[2], ''), '32768'), true),
      set_config('ivfflat.iterative_scan', coalesce(nullif(before[3], ''), 'off'), true),
      set_config('hnsw.ef_search', coalesce(nullif(before[4], ''), '40'), true),
      set_config('hnsw.max_scan_tuples', coalesce(nullif(before[5], ''), '20000'), true),
      set_config('hnsw.iterative_scan', coalesce(nullif(before[6], ''), 'off'), true),
      set_config('enable_seqscan', before[7], true);
  end if;
  if coalesce(cardinality(ids), 0) < wanted then
    execute format(
      $query$
        select array_agg(found_id), array_agg(distance), array_agg(%4$s)
        from (
          select candidate.customer_id::{key_type} as found_id, ((candidate.embedding%5$s) %2$s (self.embedding%5$s)) + 0 as distance
          from (select embedding from %1$I where customer_id = $1) as self, %1$I as candidate
          where candidate.customer_id <> $1 %3$s
          order by distance, candidate.customer_id
          limit $2
        ) as ranked
        where distance <> 'NaN'
      $query$,
      serving.table_name,
      asked ->> 'operator',
      format(filter, ''),
      asked ->> 'similarity',
      part
    ) into ids, distances, similarities using customer_id, k, serving.stored_as_of, algorithm, cluster_id, mask;
  end if;
  if is_hidden then
    return query
      select found_id, null::double precision, round(of_public::numeric, 2)::double precision
      from unnest(ids[:k], similarities[:k]) as found (found_id, of_public);
    return;
  end if;
  return query select * from unnest(ids[:k], distances[:k], similarities[:k]);
end
$function$;

comment on function {bi}.similar_customers is
  'The k customers most similar to one customer now: id, distance by the metric, similarity. Optionally only those in a segment (algorithm, cluster_id) or with given column values, such as condition => ''{{"state": ["CA", "NY"], "income": {{"min": 50000}}}}''; metric: that of the space by default, or l2, cosine, ip. With private features: by the other columns, without distances, similarities to two decimals.';

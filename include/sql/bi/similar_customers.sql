-- The k customers most similar to one, perhaps only those of a segment or with some column values: by
-- the index at its measured probes, or by a scan where it finds too few or serves another metric.
-- Reads the generation by its number, so that a publish never waits for a reader. Settings are put
-- back: they must not leak into the caller's transaction.
drop function if exists {bi}.similar_customers({key_type}, integer);

create or replace function {bi}.similar_customers(
  customer_id {key_type},
  k integer default 10,
  condition jsonb default null,
  algorithm text default null,
  cluster_id integer default null,
  metric text default null
)
returns table (similar_id {key_type}, distance double precision, similarity double precision)
language plpgsql stable security definer
set search_path = {space}, {extension}, pg_temp
as $function$
declare
  metrics constant jsonb := {metrics};
  half_spare constant bigint := 2;  -- as index/methods.py says
  wider constant integer := 4;  -- as store/index_kinds.py says
  -- Where not all customers will do: who will is farther away, so more of the index is read, and more
  -- rows for each one wanted (docs/design.md).
  spare constant bigint := 10;
  first_effort constant integer := 4;
  settings_before constant jsonb := jsonb_build_object(
    'ivfflat.probes', coalesce(nullif(current_setting('ivfflat.probes', true), ''), '1'),
    'ivfflat.max_probes', coalesce(nullif(current_setting('ivfflat.max_probes', true), ''), '32768'),
    'ivfflat.iterative_scan', coalesce(nullif(current_setting('ivfflat.iterative_scan', true), ''), 'off'),
    'hnsw.ef_search', coalesce(nullif(current_setting('hnsw.ef_search', true), ''), '40'),
    'hnsw.max_scan_tuples', coalesce(nullif(current_setting('hnsw.max_scan_tuples', true), ''), '20000'),
    'hnsw.iterative_scan', coalesce(nullif(current_setting('hnsw.iterative_scan', true), ''), 'off'),
    'enable_seqscan', current_setting('enable_seqscan')
  );
  serving record;
  asked jsonb;
  hurdles text[] := '{{}}';
  effort jsonb;
  wanted bigint;
  seen bigint := -1;
  ids {key_type}[];
  distances double precision[];
begin
  if k is null or k < 1 then
    raise exception 'k is %, but must be at least 1', k;
  end if;
  if not coalesce(metrics ? metric, true) then
    raise exception 'metric is "%", allowed are %', metric, (select string_agg(name, ', ') from jsonb_object_keys(metrics) as name);
  end if;
  select
    published.as_of, builds.table_name, builds.metric, builds.method, builds.dimensions,
    builds.precision = 'half' as is_half,
    builds.probes, builds.ef_search
  into serving
  from current_snapshot as published
  join index_builds as builds using (generation);
  if not found then
    return;
  end if;
  asked := metrics -> coalesce(metric, serving.metric);
  if algorithm is not null or cluster_id is not null then
    perform check_segment(serving.as_of, algorithm, cluster_id);
    hurdles := hurdles || 'select from customer_clusters as member where member.as_of = $3 and member.algorithm = $4'
      ' and member.cluster_id = $5 and member.customer_id = candidate.customer_id'::text;
  end if;
  if condition is not null then
    hurdles := hurdles || ('select from customer_versions as version where version.customer_id = candidate.customer_id'
      ' and version.updated_at = candidate.updated_at and ' || row_condition(condition, {filterable}));
  end if;
  wanted := k + 1;
  if hurdles <> '{{}}' then
    wanted := spare * k + 1;
    serving.probes := first_effort * serving.probes;
    serving.ef_search := first_effort * serving.ef_search;
  elsif serving.is_half then
    wanted := half_spare * k + 1;
  end if;
  effort := case serving.method
    when 'ivfflat' then jsonb_build_object(
      'ivfflat.probes', least(32768, serving.probes),
      'ivfflat.max_probes', least(32768, wider * serving.probes),
      'ivfflat.iterative_scan', 'relaxed_order'
    )
    when 'hnsw' then jsonb_build_object(
      'hnsw.ef_search', least(1000, serving.ef_search), 'hnsw.max_scan_tuples', 20000, 'hnsw.iterative_scan', 'strict_order'
    )
  end;
  if effort is not null and asked = metrics -> serving.metric then
    perform set_config(setting.key, setting.value, true) from jsonb_each_text(effort) as setting;
    perform set_config('enable_seqscan', 'off', true);
    execute format(
      $query$
        with near as materialized (
          select e.customer_id as found_id, e.embedding %2$s self.embedding as distance
          from (select embedding from %1$I where customer_id = $1) as self
          cross join lateral (
            select customer_id, embedding from %1$I as candidate
            where true %3$s
            order by (candidate.embedding%4$s) %2$s (self.embedding%4$s)
            limit $2
          ) as e
        )
        select
          count(*),
          array_agg(found_id::{key_type} order by distance, found_id) filter (where found_id <> $1 and distance <> 'NaN'),
          array_agg(distance order by distance, found_id) filter (where found_id <> $1 and distance <> 'NaN')
        from near
      $query$,
      serving.table_name,
      asked ->> 'operator',
      -- The offset keeps the order of the index: without it the planner may join and sort all.
      (select string_agg(format(' and exists (%s offset 0)', hurdle), '') from unnest(hurdles) as hurdle),
      case when serving.is_half then format('::halfvec(%s)', serving.dimensions) end
    ) into seen, ids, distances using customer_id, wanted, serving.as_of, algorithm, cluster_id;
    perform set_config(before.key, before.value, true) from jsonb_each_text(settings_before) as before;
  end if;
  if seen < wanted then
    execute format(
      $query$
        with near as materialized (
          select candidate.customer_id as found_id, (candidate.embedding %2$s self.embedding) + 0 as distance
          from (select embedding from %1$I where customer_id = $1) as self, %1$I as candidate
          where candidate.customer_id <> $1 %3$s
          order by distance, found_id
          limit $2
        )
        select array_agg(found_id::{key_type} order by distance, found_id), array_agg(distance order by distance, found_id)
        from near
        where distance <> 'NaN'  -- a zero vector has no cosine
      $query$,
      serving.table_name,
      asked ->> 'operator',
      (select string_agg(format(' and exists (%s)', hurdle), '') from unnest(hurdles) as hurdle)
    ) into ids, distances using customer_id, k, serving.as_of, algorithm, cluster_id;
  end if;
  return query execute format(
    'select found_id, distance, %s from unnest($1, $2) with ordinality as found (found_id, distance, rank) where rank <= $3 order by rank',
    asked ->> 'similarity'
  ) using ids, distances, k;
end
$function$;

comment on function {bi}.similar_customers is
  'The k customers most similar to one customer now: id, distance by the metric, similarity. Perhaps only those of a segment (algorithm, cluster_id) or with some column values, such as condition => ''{{"state": ["CA", "NY"], "income": {{"min": 50000}}}}''; metric is the space''s, or l2, cosine, ip.';

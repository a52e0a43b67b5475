SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA bi;
CREATE SCHEMA kindred;
CREATE SCHEMA shop;
CREATE DOMAIN kindred.customer_key AS bigint;
CREATE FUNCTION bi.explain_pair(customer_a bigint, customer_b bigint) RETURNS TABLE(column_name text, contribution double precision, share double precision, value_a text, value_b text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'kindred', 'public', 'pg_temp'
    AS $_$
declare
  serving record;
begin
  select published.as_of, builds.table_name, encoders.column_blocks into serving
  from current_snapshot as published
  join index_builds as builds using (generation)
  join encoder_versions as encoders on encoders.version = published.encoder_version;
  if not found then
    return;
  end if;
  return query execute format(
    $query$
      with pair as (
        select a.embedding as vector_a, b.embedding as vector_b
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
            select sum(power(a::float8 - b::float8, 2))
            from unnest((select vector_a::real[] from pair)) with ordinality as x (a, position)
            join unnest((select vector_b::real[] from pair)) with ordinality as y (b, position) using (position)
            cross join (
              select
                coalesce(nullif(vector_norm(vector_a), 0), 1) as norm_a,
                coalesce(nullif(vector_norm(vector_b), 0), 1) as norm_b
              from pair
            ) as norms
            where position > start and position <= stop
          ) as added
        from blocks
        where exists (select from pair)
      ),
      version_a as (
        select to_jsonb(v) as raw from customer_versions as v
        where v.customer_id = $1 and v.updated_at < $4 order by v.updated_at desc limit 1
      ),
      version_b as (
        select to_jsonb(v) as raw from customer_versions as v
        where v.customer_id = $2 and v.updated_at < $4 order by v.updated_at desc limit 1
      )
      select
        parts.name,
        parts.added,
        abs(parts.added) / coalesce(nullif(sum(abs(parts.added)) over (), 0), 1),
        case when parts.name <> all ($5) then version_a.raw ->> parts.name end,
        case when parts.name <> all ($5) then version_b.raw ->> parts.name end
      from parts
      left join version_a on true
      left join version_b on true
      order by parts.added desc, parts.name
    $query$,
    serving.table_name
  ) using customer_a, customer_b, serving.column_blocks, serving.as_of, ARRAY['age']::text[];
end
$_$;
COMMENT ON FUNCTION bi.explain_pair(customer_a bigint, customer_b bigint) IS 'Why two customers are similar now: what each column adds to their distance, its share, and both raw values (none of private columns).';
CREATE FUNCTION bi.lookalike_audience(ids bigint[], n integer DEFAULT 1000, min_seeds integer DEFAULT 20) RETURNS TABLE(rank bigint, customer_id bigint, score double precision, percentile double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'kindred', 'public', 'pg_temp'
    AS $_$
declare
  least_seeds constant integer := 20;
  shortest_direction constant double precision := 1e-6;  -- as encode/audience.py says
  wanted bigint[] := array(select distinct id from unnest(ids) as id where id is not null);
  serving record;
  seeds record;
  origin vector;
begin
  if n is null or n < 1 then
    raise exception 'n is %, but must be at least 1', n;
  end if;
  if cardinality(wanted) = 0 then
    raise exception 'ids holds no customer: give the ids of at least % customers', least_seeds;
  end if;
  if min_seeds is null or min_seeds < least_seeds then
    raise exception 'min_seeds is %, but must be at least %: it can be raised, not lowered', min_seeds, least_seeds;
  end if;
  select published.as_of, snapshots.center, builds.table_name into serving
  from current_snapshot as published
  join snapshots using (as_of)
  join index_builds as builds using (generation);
  if not found then
    return;
  end if;
  execute format(
    'select count(*) as known, avg(embedding) as middle, avg(vector_norm(embedding)) as length'
    ' from %I where customer_id = any ($1)',
    serving.table_name
  ) into seeds using wanted;
  if seeds.known < min_seeds then
    raise exception 'too few seeds: % of the % different ids are customers of snapshot %, % are needed',
      seeds.known, cardinality(wanted), serving.as_of, min_seeds
      using hint = 'Give more customers, or see bi.snapshots for the current snapshot.';
  end if;
  origin := serving.center;
  if origin is null then
    execute format('select avg(embedding) from %I', serving.table_name) into origin;
  end if;
  if vector_norm(seeds.middle - origin) <= shortest_direction * seeds.length then
    raise exception 'the mean of the % known seeds is the centre of all customers: nobody is more like them than anybody else', seeds.known
      using hint = 'Give customers that have something in common.';
  end if;
  return query execute format(
    $query$
      with scored as (
        select customer_id as found_id, coalesce(nullif(1 - ((embedding - $3) <=> $4), 'NaN'), 0) as score
        from %I
      ),
      ranked as (
        select found_id, score, rank() over (order by score) - 1 as lower, count(*) over () as everyone
        from scored
      )
      select row_number() over (order by score desc, found_id), found_id::bigint, score, 100.0::double precision * lower / everyone
      from ranked
      where found_id <> all ($1)
      order by score desc, found_id
      limit $2
    $query$,
    serving.table_name
  ) using wanted, n, origin, seeds.middle - origin;
end
$_$;
COMMENT ON FUNCTION bi.lookalike_audience(ids bigint[], n integer, min_seeds integer) IS 'Who else is like these customers now: the n most alike others, with score (cosine, -1 to 1) and percentile (share of all customers who score lower, 0 to 100). At least min_seeds of the ids must be customers.';
CREATE FUNCTION bi.similar_customers(customer_id bigint, k integer DEFAULT 10, condition jsonb DEFAULT NULL::jsonb, algorithm text DEFAULT NULL::text, cluster_id integer DEFAULT NULL::integer, metric text DEFAULT NULL::text) RETURNS TABLE(similar_id bigint, distance double precision, similarity double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'kindred', 'public', 'pg_temp'
    AS $_$
declare
  metrics constant jsonb := '{"l2": {"operator": "<->", "similarity": "1 / (1 + distance)"}, "cosine": {"operator": "<=>", "similarity": "1 - distance"}, "ip": {"operator": "<#>", "similarity": "- distance"}}';
  half_spare constant bigint := 2;  -- as index/methods.py says
  wider constant integer := 4;  -- as store/index_kinds.py says
  -- Where not all customers will do: who will is farther away, so more of the index is read, and more
  -- rows for each one wanted (docs/design.md).
  spare constant bigint := 10;
  first_effort constant integer := 4;
  before constant text[] := array[
    current_setting('ivfflat.probes', true), current_setting('ivfflat.max_probes', true),
    current_setting('ivfflat.iterative_scan', true), current_setting('hnsw.ef_search', true),
    current_setting('hnsw.max_scan_tuples', true), current_setting('hnsw.iterative_scan', true),
    current_setting('enable_seqscan')
  ];
  serving record;
  asked jsonb;
  filter text := '';
  wanted bigint;
  ids bigint[];
  distances double precision[];
  similarities double precision[];
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
  asked := metrics -> coalesce(metric, 'l2');
  if algorithm is not null or cluster_id is not null then
    perform check_segment(serving.as_of, algorithm, cluster_id);
    filter := ' and exists (select from customer_clusters as member where member.as_of = $3 and member.algorithm = $4'
      ' and member.cluster_id = $5 and member.customer_id = candidate.customer_id %1$s)';
  end if;
  if condition is not null then
    filter := filter || ' and exists (select from customer_versions as version where version.customer_id = candidate.customer_id'
      ' and version.updated_at = candidate.updated_at and ' || replace(row_condition(condition, ARRAY['income','is_active','since','state','churned']::text[]), '%', '%%') || ' %1$s)';
  end if;
  wanted := k;
  if filter <> '' then
    wanted := spare * k;
    serving.probes := first_effort * serving.probes;
    serving.ef_search := first_effort * serving.ef_search;
  elsif serving.is_half then
    wanted := half_spare * k;
  end if;
  if serving.method in ('ivfflat', 'hnsw') and asked = metrics -> serving.metric then
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
          select near.customer_id::bigint as found_id, near.embedding %2$s self.embedding as distance
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
      case when serving.is_half then format('::halfvec(%s)', serving.dimensions) end,
      asked ->> 'similarity'
    ) into ids, distances, similarities using customer_id, wanted + 1, serving.as_of, algorithm, cluster_id;
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
          select candidate.customer_id::bigint as found_id, (candidate.embedding %2$s self.embedding) + 0 as distance
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
      asked ->> 'similarity'
    ) into ids, distances, similarities using customer_id, k, serving.as_of, algorithm, cluster_id;
  end if;
  return query select * from unnest(ids[:k], distances[:k], similarities[:k]);
end
$_$;
COMMENT ON FUNCTION bi.similar_customers(customer_id bigint, k integer, condition jsonb, algorithm text, cluster_id integer, metric text) IS 'The k customers most similar to one customer now: id, distance by the metric, similarity. Perhaps only those of a segment (algorithm, cluster_id) or with some column values, such as condition => ''{"state": ["CA", "NY"], "income": {"min": 50000}}''; metric is the space''s, or l2, cosine, ip.';
CREATE FUNCTION kindred.check_segment(snapshot timestamp with time zone, algorithm text, cluster_id integer) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$
declare
  known text;
begin
  if not exists (select from customer_clusters as c where c.as_of = snapshot and c.algorithm = check_segment.algorithm) then
    select string_agg(distinct c.algorithm, ', ') into known from customer_clusters as c where c.as_of = snapshot;
    raise exception 'algorithm is "%", the current snapshot has segments by %', algorithm, coalesce(known, 'none')
      using hint = 'Give algorithm and cluster_id as bi.clusters_current shows them.';
  end if;
  if not exists (
    select from customer_clusters as c
    where c.as_of = snapshot and c.algorithm = check_segment.algorithm and c.cluster_id = check_segment.cluster_id
  ) then
    select string_agg(id::text, ', ' order by id) into known from (
      select distinct c.cluster_id as id
      from customer_clusters as c
      where c.as_of = snapshot and c.algorithm = check_segment.algorithm
      order by id limit 50
    ) as ids;
    raise exception 'cluster_id is %, the segments by % are %', cluster_id, algorithm, known
      using hint = 'Give algorithm and cluster_id as bi.clusters_current shows them.';
  end if;
end
$$;
CREATE FUNCTION kindred.row_condition(wish jsonb, allowed text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  parts text[];
  name text;
  wanted jsonb;
  is_range boolean;
  elements jsonb;
  type_name text;
  given text[];
begin
  if jsonb_typeof(wish) <> 'object' then
    raise exception 'condition is %, but must be an object such as {"income": {"min": 50000}}', wish;
  end if;
  for name, wanted in select * from jsonb_each(wish) loop
    select format_type(atttypid, -1) into type_name
    from pg_attribute
    where attrelid = to_regclass('customer_versions') and attname = name and name = any (allowed);
    if not found then
      raise exception 'condition names column "%", allowed are %', name, array_to_string(allowed, ', ')
        using hint = 'Allowed are the features and labels of the spec that are not private.';
    end if;
    is_range := jsonb_typeof(wanted) = 'object';
    elements := case jsonb_typeof(wanted)
      when 'array' then wanted
      when 'object' then jsonb_path_query_array(wanted, '$.*')
      else jsonb_build_array(wanted)
    end;
    if (is_range and (elements = '[]' or wanted - array['min', 'max'] <> '{}'))
      or exists (
        select from jsonb_array_elements(elements) as element
        where jsonb_typeof(element) in ('object', 'array') or (is_range and jsonb_typeof(element) = 'null')
      )
    then
      raise exception 'condition on column "%" is %, allowed are a value, a list of values, or {"min": a, "max": b}', name, wanted;
    end if;
    given := array(select jsonb_array_elements_text(elements));
    begin
      execute format('select %L::%s[]', given, type_name);
    exception when data_exception then
      raise exception 'condition on column "%": %', name, sqlerrm using hint = format('The column is of type %s.', type_name);
    end;
    if is_range then
      parts := parts || array(
        select format('version.%I %s %L::%s', name, case bound.key when 'min' then '>=' else '<=' end, bound.value, type_name)
        from jsonb_each_text(wanted) as bound
      );
    else
      parts := parts || format(
        case when array_position(given, null) is null then '%1$s' else '(%1$s or version.%2$I is null)' end,
        format('version.%I = any (%L::%s[])', name, given, type_name),
        name
      );
    end if;
  end loop;
  return coalesce(array_to_string(parts, ' and '), 'true');
end
$_$;
CREATE FUNCTION kindred.to_flag(word text) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE lower(btrim(word)) WHEN '1'::text THEN 1 WHEN 'true'::text THEN 1 WHEN 't'::text THEN 1 WHEN 'yes'::text THEN 1 WHEN 'y'::text THEN 1 WHEN '0'::text THEN 0 WHEN 'false'::text THEN 0 WHEN 'f'::text THEN 0 WHEN 'no'::text THEN 0 WHEN 'n'::text THEN 0 ELSE NULL::integer END;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE kindred.cluster_lineage (
    as_of timestamp with time zone NOT NULL,
    algorithm text NOT NULL,
    to_cluster_id integer,
    reference_as_of timestamp with time zone,
    event text NOT NULL,
    to_size bigint,
    shared bigint NOT NULL,
    from_cluster_id integer,
    from_size bigint,
    CONSTRAINT cluster_lineage_check CHECK (((from_cluster_id IS NULL) = (event = 'born'::text))),
    CONSTRAINT cluster_lineage_check1 CHECK (((to_cluster_id IS NULL) = (event = 'died'::text))),
    CONSTRAINT cluster_lineage_event_check CHECK ((event = ANY (ARRAY['born'::text, 'kept'::text, 'split'::text, 'merged'::text, 'died'::text])))
);
CREATE TABLE kindred.snapshots (
    as_of timestamp with time zone NOT NULL,
    status text NOT NULL,
    history text NOT NULL,
    encoder_version integer,
    settings_hash text NOT NULL,
    customers bigint,
    lookalikes bigint,
    rows_landed bigint,
    rows_rejected bigint,
    recall real,
    recall_low real,
    recall_high real,
    published_at timestamp with time zone,
    published_by text,
    center public.vector,
    late_customers bigint DEFAULT 0 NOT NULL,
    erased_customers bigint DEFAULT 0 NOT NULL,
    CONSTRAINT snapshots_history_check CHECK ((history = ANY (ARRAY['complete'::text, 'reconstructed'::text]))),
    CONSTRAINT snapshots_status_check CHECK ((status = ANY (ARRAY['building'::text, 'published'::text, 'empty'::text, 'failed'::text, 'withdrawn'::text, 'pruned'::text, 'landed'::text])))
);
COMMENT ON COLUMN kindred.snapshots.center IS 'mean of all embeddings of the snapshot, in its encoder''s dimensions';
CREATE VIEW bi.cluster_lineage AS
 SELECT as_of,
    algorithm,
        CASE
            WHEN (event = ANY (ARRAY['merged'::text, 'died'::text])) THEN from_cluster_id
            ELSE to_cluster_id
        END AS cluster_id,
    reference_as_of,
    event,
        CASE
            WHEN (event = ANY (ARRAY['merged'::text, 'died'::text])) THEN from_size
            ELSE to_size
        END AS size,
    shared,
    from_cluster_id,
    to_cluster_id,
    from_size,
    to_size,
    (((shared)::double precision / (from_size)::double precision))::real AS from_share,
    (((shared)::double precision / (to_size)::double precision))::real AS to_share
   FROM kindred.cluster_lineage
  WHERE (as_of IN ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE (snapshots.status = 'published'::text)));
COMMENT ON VIEW bi.cluster_lineage IS 'What became of each segment from one snapshot to the next; a segment that splits or merges has several rows.';
COMMENT ON COLUMN bi.cluster_lineage.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_lineage.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_lineage.cluster_id IS 'The segment that the row is about: to_cluster_id, or from_cluster_id where that has ended.';
COMMENT ON COLUMN bi.cluster_lineage.reference_as_of IS 'The snapshot before, from which the segments come; null for the first.';
COMMENT ON COLUMN bi.cluster_lineage.event IS 'kept: the same segment in both. split: to is new and was a part of from. merged: from has ended and is a part of to. born: out of none. died: into none.';
COMMENT ON COLUMN bi.cluster_lineage.size IS 'Customers in cluster_id.';
COMMENT ON COLUMN bi.cluster_lineage.shared IS 'Customers in both, from and to.';
COMMENT ON COLUMN bi.cluster_lineage.from_cluster_id IS 'The segment of the snapshot before; null where born.';
COMMENT ON COLUMN bi.cluster_lineage.to_cluster_id IS 'The segment of this snapshot; null where died.';
COMMENT ON COLUMN bi.cluster_lineage.from_size IS 'Customers in from_cluster_id, in the snapshot before.';
COMMENT ON COLUMN bi.cluster_lineage.to_size IS 'Customers in to_cluster_id.';
COMMENT ON COLUMN bi.cluster_lineage.from_share IS 'Share of the customers of from_cluster_id who are now in to_cluster_id (0 to 1).';
COMMENT ON COLUMN bi.cluster_lineage.to_share IS 'Share of the customers of to_cluster_id who come from from_cluster_id (0 to 1).';
CREATE TABLE kindred.current_snapshot (
    only_row boolean DEFAULT true NOT NULL,
    as_of timestamp with time zone,
    generation integer,
    encoder_version integer,
    CONSTRAINT current_snapshot_only_row_check CHECK (only_row)
);
CREATE VIEW bi.cluster_lineage_current AS
 SELECT as_of,
    algorithm,
        CASE
            WHEN (event = ANY (ARRAY['merged'::text, 'died'::text])) THEN from_cluster_id
            ELSE to_cluster_id
        END AS cluster_id,
    reference_as_of,
    event,
        CASE
            WHEN (event = ANY (ARRAY['merged'::text, 'died'::text])) THEN from_size
            ELSE to_size
        END AS size,
    shared,
    from_cluster_id,
    to_cluster_id,
    from_size,
    to_size,
    (((shared)::double precision / (from_size)::double precision))::real AS from_share,
    (((shared)::double precision / (to_size)::double precision))::real AS to_share
   FROM kindred.cluster_lineage
  WHERE (as_of = ( SELECT current_snapshot.as_of
           FROM kindred.current_snapshot));
COMMENT ON VIEW bi.cluster_lineage_current IS 'What became of each segment in the current snapshot; a segment that splits or merges has several rows.';
COMMENT ON COLUMN bi.cluster_lineage_current.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_lineage_current.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_lineage_current.cluster_id IS 'The segment that the row is about: to_cluster_id, or from_cluster_id where that has ended.';
COMMENT ON COLUMN bi.cluster_lineage_current.reference_as_of IS 'The snapshot before, from which the segments come; null for the first.';
COMMENT ON COLUMN bi.cluster_lineage_current.event IS 'kept: the same segment in both. split: to is new and was a part of from. merged: from has ended and is a part of to. born: out of none. died: into none.';
COMMENT ON COLUMN bi.cluster_lineage_current.size IS 'Customers in cluster_id.';
COMMENT ON COLUMN bi.cluster_lineage_current.shared IS 'Customers in both, from and to.';
COMMENT ON COLUMN bi.cluster_lineage_current.from_cluster_id IS 'The segment of the snapshot before; null where born.';
COMMENT ON COLUMN bi.cluster_lineage_current.to_cluster_id IS 'The segment of this snapshot; null where died.';
COMMENT ON COLUMN bi.cluster_lineage_current.from_size IS 'Customers in from_cluster_id, in the snapshot before.';
COMMENT ON COLUMN bi.cluster_lineage_current.to_size IS 'Customers in to_cluster_id.';
COMMENT ON COLUMN bi.cluster_lineage_current.from_share IS 'Share of the customers of from_cluster_id who are now in to_cluster_id (0 to 1).';
COMMENT ON COLUMN bi.cluster_lineage_current.to_share IS 'Share of the customers of to_cluster_id who come from from_cluster_id (0 to 1).';
CREATE TABLE kindred.cluster_ids (
    algorithm text NOT NULL,
    cluster_id integer NOT NULL,
    born_as_of timestamp with time zone NOT NULL,
    birth_order integer NOT NULL
);
CREATE TABLE kindred.customer_clusters (
    as_of timestamp with time zone NOT NULL,
    algorithm text NOT NULL,
    customer_id kindred.customer_key NOT NULL,
    label integer NOT NULL,
    cluster_id integer NOT NULL,
    membership real NOT NULL,
    nearest_label integer NOT NULL,
    nearest_cluster_id integer NOT NULL,
    method text NOT NULL,
    list_number integer,
    center_distance real,
    generation integer
)
PARTITION BY LIST (as_of);
CREATE VIEW bi.cluster_movements AS
 WITH known AS (
         SELECT snapshots.as_of,
            algorithms.algorithm
           FROM (kindred.snapshots
             CROSS JOIN ( SELECT DISTINCT cluster_ids.algorithm
                   FROM kindred.cluster_ids) algorithms)
          WHERE ((snapshots.status = 'published'::text) AND ( SELECT true
                   FROM kindred.customer_clusters first
                  WHERE ((first.as_of = snapshots.as_of) AND (first.algorithm = algorithms.algorithm))
                  ORDER BY first.customer_id
                 LIMIT 1))
        ), pairs AS MATERIALIZED (
         SELECT lag(known.as_of) OVER (PARTITION BY known.algorithm ORDER BY known.as_of) AS from_as_of,
            known.as_of AS to_as_of,
            known.algorithm
           FROM known
        )
 SELECT pairs.from_as_of,
    pairs.to_as_of,
    pairs.algorithm,
    counted.from_cluster_id,
    counted.to_cluster_id,
    counted.customers,
    (((counted.customers)::numeric / sum(counted.customers) OVER (PARTITION BY pairs.from_as_of, pairs.to_as_of, pairs.algorithm, counted.from_cluster_id)))::real AS share
   FROM (pairs
     CROSS JOIN LATERAL ( SELECT earlier.cluster_id AS from_cluster_id,
            later.cluster_id AS to_cluster_id,
            count(*) AS customers
           FROM (( SELECT clusters.customer_id,
                    clusters.cluster_id
                   FROM kindred.customer_clusters clusters
                  WHERE ((clusters.as_of = pairs.from_as_of) AND (clusters.algorithm = pairs.algorithm))) earlier
             FULL JOIN ( SELECT clusters.customer_id,
                    clusters.cluster_id
                   FROM kindred.customer_clusters clusters
                  WHERE ((clusters.as_of = pairs.to_as_of) AND (clusters.algorithm = pairs.algorithm))) later USING (customer_id))
          GROUP BY earlier.cluster_id, later.cluster_id) counted)
  WHERE (pairs.from_as_of IS NOT NULL);
COMMENT ON VIEW bi.cluster_movements IS 'Customers from segment to segment between consecutive snapshots, those who stay among them. Ask for a to_as_of and an algorithm.';
COMMENT ON COLUMN bi.cluster_movements.from_as_of IS 'The snapshot before, the nearest that has the algorithm.';
COMMENT ON COLUMN bi.cluster_movements.to_as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_movements.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_movements.from_cluster_id IS 'The segment they were in, -1 for noise; null for customers who are new.';
COMMENT ON COLUMN bi.cluster_movements.to_cluster_id IS 'The segment they are in, -1 for noise; null for customers who have gone.';
COMMENT ON COLUMN bi.cluster_movements.customers IS 'How many.';
COMMENT ON COLUMN bi.cluster_movements.share IS 'Their share of all who were in from_cluster_id, or of all who are new (0 to 1).';
CREATE VIEW bi.cluster_movements_current AS
 SELECT from_as_of,
    to_as_of,
    algorithm,
    from_cluster_id,
    to_cluster_id,
    customers,
    share
   FROM bi.cluster_movements
  WHERE (to_as_of = ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE ((snapshots.status = 'published'::text) AND (snapshots.as_of <= ( SELECT current_snapshot.as_of
                   FROM kindred.current_snapshot)) AND ( SELECT true
                   FROM kindred.customer_clusters known
                  WHERE (known.as_of = snapshots.as_of)
                 LIMIT 1))
          ORDER BY snapshots.as_of DESC
         LIMIT 1));
COMMENT ON VIEW bi.cluster_movements_current IS 'Customers from segment to segment on the way to the current snapshot, those who stay among them.';
COMMENT ON COLUMN bi.cluster_movements_current.from_as_of IS 'The snapshot before, the nearest that has the algorithm.';
COMMENT ON COLUMN bi.cluster_movements_current.to_as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_movements_current.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_movements_current.from_cluster_id IS 'The segment they were in, -1 for noise; null for customers who are new.';
COMMENT ON COLUMN bi.cluster_movements_current.to_cluster_id IS 'The segment they are in, -1 for noise; null for customers who have gone.';
COMMENT ON COLUMN bi.cluster_movements_current.customers IS 'How many.';
COMMENT ON COLUMN bi.cluster_movements_current.share IS 'Their share of all who were in from_cluster_id, or of all who are new (0 to 1).';
CREATE TABLE kindred.cluster_profiles (
    as_of timestamp with time zone NOT NULL,
    algorithm text NOT NULL,
    label integer NOT NULL,
    cluster_id integer NOT NULL,
    name text NOT NULL,
    name_terms text[] NOT NULL,
    customers bigint NOT NULL,
    share double precision NOT NULL,
    medoid_id kindred.customer_key,
    membership real NOT NULL,
    profile jsonb NOT NULL
);
CREATE VIEW bi.cluster_profiles AS
 SELECT profiles.as_of,
    profiles.algorithm,
    profiles.cluster_id,
    profiles.name,
    trait.role,
    trait."position",
    trait.column_name,
    trait.kind,
    trait.value,
    trait.customers,
    trait.missing,
        CASE
            WHEN (trait.kind = 'numeric'::text) THEN trait.estimate
            ELSE NULL::double precision
        END AS mean,
        CASE
            WHEN (trait.kind <> ALL (ARRAY['numeric'::text, 'date'::text])) THEN trait.estimate
            ELSE NULL::double precision
        END AS share,
        CASE
            WHEN (trait.kind = 'date'::text) THEN (to_timestamp((trait.estimate * (86400)::double precision)))::date
            ELSE NULL::date
        END AS mean_date,
        CASE
            WHEN (trait.kind <> 'date'::text) THEN trait.low
            ELSE NULL::double precision
        END AS low,
        CASE
            WHEN (trait.kind <> 'date'::text) THEN trait.high
            ELSE NULL::double precision
        END AS high,
        CASE
            WHEN (trait.kind = 'numeric'::text) THEN trait.everyone
            ELSE NULL::double precision
        END AS everyone_mean,
        CASE
            WHEN (trait.kind <> ALL (ARRAY['numeric'::text, 'date'::text])) THEN trait.everyone
            ELSE NULL::double precision
        END AS everyone_share,
        CASE
            WHEN (trait.kind = 'date'::text) THEN (to_timestamp((trait.everyone * (86400)::double precision)))::date
            ELSE NULL::date
        END AS everyone_mean_date,
    ((trait.everyone < trait.low) OR (trait.everyone > trait.high)) AS is_different,
    trait.effect
   FROM (kindred.cluster_profiles profiles
     CROSS JOIN LATERAL jsonb_to_recordset(profiles.profile) trait(role text, "position" smallint, column_name text, kind text, value text, customers bigint, missing bigint, estimate double precision, low double precision, high double precision, everyone double precision, effect double precision))
  WHERE ((profiles.as_of IN ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE (snapshots.status = 'published'::text))) AND (trait.column_name <> ALL (ARRAY['age'::text])));
COMMENT ON VIEW bi.cluster_profiles IS 'One row a mean or share of a segment beside that of all customers: its most telling features, and every label.';
COMMENT ON COLUMN bi.cluster_profiles.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_profiles.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_profiles.cluster_id IS 'The segment.';
COMMENT ON COLUMN bi.cluster_profiles.name IS 'The short name of the segment; it stays with cluster_id.';
COMMENT ON COLUMN bi.cluster_profiles.role IS 'feature, or label for an outcome, which has no part in making the segments.';
COMMENT ON COLUMN bi.cluster_profiles."position" IS '1 for the most telling row of the segment and role: that of the largest effect.';
COMMENT ON COLUMN bi.cluster_profiles.column_name IS 'The column of the source.';
COMMENT ON COLUMN bi.cluster_profiles.kind IS 'numeric, boolean, categorical or date; missing, where the share without a value is told.';
COMMENT ON COLUMN bi.cluster_profiles.value IS 'The category whose share is told; null for other kinds.';
COMMENT ON COLUMN bi.cluster_profiles.customers IS 'Customers of the segment that mean or share is of: those with a value.';
COMMENT ON COLUMN bi.cluster_profiles.missing IS 'Customers of the segment without a value, who are left out of mean and share.';
COMMENT ON COLUMN bi.cluster_profiles.mean IS 'Mean of a number in the segment.';
COMMENT ON COLUMN bi.cluster_profiles.share IS 'Share of its customers that have the value, are true, or (kind missing) have no value; 0 to 1.';
COMMENT ON COLUMN bi.cluster_profiles.mean_date IS 'Mean of a date.';
COMMENT ON COLUMN bi.cluster_profiles.low IS 'Lower end of the 95 % interval of mean (Student) or share (Wilson).';
COMMENT ON COLUMN bi.cluster_profiles.high IS 'Upper end of the 95 % interval of mean or share.';
COMMENT ON COLUMN bi.cluster_profiles.everyone_mean IS 'Mean of all customers of the snapshot, noise too: the base rate of a number.';
COMMENT ON COLUMN bi.cluster_profiles.everyone_share IS 'Share of all customers: the base rate.';
COMMENT ON COLUMN bi.cluster_profiles.everyone_mean_date IS 'Mean date of all customers.';
COMMENT ON COLUMN bi.cluster_profiles.is_different IS 'True where the interval excludes the mean or share of all customers.';
COMMENT ON COLUMN bi.cluster_profiles.effect IS 'Effect size: Cohen''s d for numbers and dates, h for shares; 0.2 is small, 0.5 medium, 0.8 large. Null where the column is constant.';
CREATE VIEW bi.cluster_profiles_current AS
 SELECT profiles.as_of,
    profiles.algorithm,
    profiles.cluster_id,
    profiles.name,
    trait.role,
    trait."position",
    trait.column_name,
    trait.kind,
    trait.value,
    trait.customers,
    trait.missing,
        CASE
            WHEN (trait.kind = 'numeric'::text) THEN trait.estimate
            ELSE NULL::double precision
        END AS mean,
        CASE
            WHEN (trait.kind <> ALL (ARRAY['numeric'::text, 'date'::text])) THEN trait.estimate
            ELSE NULL::double precision
        END AS share,
        CASE
            WHEN (trait.kind = 'date'::text) THEN (to_timestamp((trait.estimate * (86400)::double precision)))::date
            ELSE NULL::date
        END AS mean_date,
        CASE
            WHEN (trait.kind <> 'date'::text) THEN trait.low
            ELSE NULL::double precision
        END AS low,
        CASE
            WHEN (trait.kind <> 'date'::text) THEN trait.high
            ELSE NULL::double precision
        END AS high,
        CASE
            WHEN (trait.kind = 'numeric'::text) THEN trait.everyone
            ELSE NULL::double precision
        END AS everyone_mean,
        CASE
            WHEN (trait.kind <> ALL (ARRAY['numeric'::text, 'date'::text])) THEN trait.everyone
            ELSE NULL::double precision
        END AS everyone_share,
        CASE
            WHEN (trait.kind = 'date'::text) THEN (to_timestamp((trait.everyone * (86400)::double precision)))::date
            ELSE NULL::date
        END AS everyone_mean_date,
    ((trait.everyone < trait.low) OR (trait.everyone > trait.high)) AS is_different,
    trait.effect
   FROM (kindred.cluster_profiles profiles
     CROSS JOIN LATERAL jsonb_to_recordset(profiles.profile) trait(role text, "position" smallint, column_name text, kind text, value text, customers bigint, missing bigint, estimate double precision, low double precision, high double precision, everyone double precision, effect double precision))
  WHERE ((profiles.as_of = ( SELECT current_snapshot.as_of
           FROM kindred.current_snapshot)) AND (trait.column_name <> ALL (ARRAY['age'::text])));
COMMENT ON VIEW bi.cluster_profiles_current IS 'What each segment of the current snapshot has that others have not, and its outcomes.';
COMMENT ON COLUMN bi.cluster_profiles_current.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_profiles_current.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_profiles_current.cluster_id IS 'The segment.';
COMMENT ON COLUMN bi.cluster_profiles_current.name IS 'The short name of the segment; it stays with cluster_id.';
COMMENT ON COLUMN bi.cluster_profiles_current.role IS 'feature, or label for an outcome, which has no part in making the segments.';
COMMENT ON COLUMN bi.cluster_profiles_current."position" IS '1 for the most telling row of the segment and role: that of the largest effect.';
COMMENT ON COLUMN bi.cluster_profiles_current.column_name IS 'The column of the source.';
COMMENT ON COLUMN bi.cluster_profiles_current.kind IS 'numeric, boolean, categorical or date; missing, where the share without a value is told.';
COMMENT ON COLUMN bi.cluster_profiles_current.value IS 'The category whose share is told; null for other kinds.';
COMMENT ON COLUMN bi.cluster_profiles_current.customers IS 'Customers of the segment that mean or share is of: those with a value.';
COMMENT ON COLUMN bi.cluster_profiles_current.missing IS 'Customers of the segment without a value, who are left out of mean and share.';
COMMENT ON COLUMN bi.cluster_profiles_current.mean IS 'Mean of a number in the segment.';
COMMENT ON COLUMN bi.cluster_profiles_current.share IS 'Share of its customers that have the value, are true, or (kind missing) have no value; 0 to 1.';
COMMENT ON COLUMN bi.cluster_profiles_current.mean_date IS 'Mean of a date.';
COMMENT ON COLUMN bi.cluster_profiles_current.low IS 'Lower end of the 95 % interval of mean (Student) or share (Wilson).';
COMMENT ON COLUMN bi.cluster_profiles_current.high IS 'Upper end of the 95 % interval of mean or share.';
COMMENT ON COLUMN bi.cluster_profiles_current.everyone_mean IS 'Mean of all customers of the snapshot, noise too: the base rate of a number.';
COMMENT ON COLUMN bi.cluster_profiles_current.everyone_share IS 'Share of all customers: the base rate.';
COMMENT ON COLUMN bi.cluster_profiles_current.everyone_mean_date IS 'Mean date of all customers.';
COMMENT ON COLUMN bi.cluster_profiles_current.is_different IS 'True where the interval excludes the mean or share of all customers.';
COMMENT ON COLUMN bi.cluster_profiles_current.effect IS 'Effect size: Cohen''s d for numbers and dates, h for shares; 0.2 is small, 0.5 medium, 0.8 large. Null where the column is constant.';
CREATE TABLE kindred.cluster_quality (
    as_of timestamp with time zone NOT NULL,
    algorithm text NOT NULL,
    customers bigint NOT NULL,
    clusters integer NOT NULL,
    noise_share double precision NOT NULL,
    largest_share double precision NOT NULL,
    smallest_share double precision NOT NULL,
    silhouette real,
    silhouette_sample integer NOT NULL,
    stability real,
    stability_customers bigint NOT NULL,
    previous_as_of timestamp with time zone
);
CREATE TABLE kindred.snapshot_builds (
    as_of timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    state text NOT NULL,
    window_start timestamp with time zone NOT NULL,
    settings json NOT NULL,
    settings_hash text NOT NULL,
    encoder_version integer,
    may_fit boolean NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    stage_seconds jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    failed_task text,
    failure text,
    may_refit boolean DEFAULT false NOT NULL,
    late_customers bigint DEFAULT 0 NOT NULL,
    stage_peak_mb jsonb DEFAULT '{}'::jsonb NOT NULL,
    stage_forecast_mb jsonb DEFAULT '{}'::jsonb NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT snapshot_builds_state_check CHECK ((state = ANY (ARRAY['building'::text, 'published'::text, 'empty'::text, 'failed'::text, 'landed'::text])))
);
CREATE VIEW bi.cluster_quality AS
 SELECT as_of,
    state,
    algorithm,
    customers,
    clusters,
    noise_share,
    largest_share,
    smallest_share,
    silhouette,
    silhouette_sample,
    stability,
    stability_customers,
    previous_as_of
   FROM ( SELECT quality.as_of,
            'published'::text AS state,
            quality.algorithm,
            quality.customers,
            quality.clusters,
            quality.noise_share,
            quality.largest_share,
            quality.smallest_share,
            quality.silhouette,
            quality.silhouette_sample,
            quality.stability,
            quality.stability_customers,
            quality.previous_as_of
           FROM (kindred.cluster_quality quality
             JOIN kindred.snapshots ON (((snapshots.as_of = quality.as_of) AND (snapshots.status = 'published'::text))))
        UNION ALL
         SELECT builds.as_of,
            builds.state,
            built.algorithm,
            built.customers,
            built.clusters,
            built.noise_share,
            built.largest_share,
            built.smallest_share,
            built.silhouette,
            built.silhouette_sample,
            built.stability,
            built.stability_customers,
            built.previous_as_of
           FROM (kindred.snapshot_builds builds
             CROSS JOIN LATERAL jsonb_to_recordset((builds.facts -> 'cluster_quality'::text)) built(algorithm text, customers bigint, clusters integer, noise_share double precision, largest_share double precision, smallest_share double precision, silhouette real, silhouette_sample integer, stability real, stability_customers bigint, previous_as_of timestamp with time zone))
          WHERE (builds.state = ANY (ARRAY['building'::text, 'failed'::text]))) found;
COMMENT ON VIEW bi.cluster_quality IS 'One row an algorithm of a snapshot; also of builds that were stopped before publish.';
COMMENT ON COLUMN bi.cluster_quality.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_quality.state IS 'published; or building or failed, for a build that is not (yet) published.';
COMMENT ON COLUMN bi.cluster_quality.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_quality.customers IS 'Customers in the snapshot.';
COMMENT ON COLUMN bi.cluster_quality.clusters IS 'Segments found, without noise.';
COMMENT ON COLUMN bi.cluster_quality.noise_share IS 'Share of the customers that are in no segment (0 to 1).';
COMMENT ON COLUMN bi.cluster_quality.largest_share IS 'Share of the customers that are in the largest segment.';
COMMENT ON COLUMN bi.cluster_quality.smallest_share IS 'Share of the customers that are in the smallest segment.';
COMMENT ON COLUMN bi.cluster_quality.silhouette IS 'Mean silhouette of a sample of customers in segments: 1 well apart, 0 between two, below 0 misplaced; null for fewer than two segments.';
COMMENT ON COLUMN bi.cluster_quality.silhouette_sample IS 'Customers in that sample.';
COMMENT ON COLUMN bi.cluster_quality.stability IS 'Adjusted Rand index with the published snapshot before: 1 the same segments, 0 what chance gives; null for the first.';
COMMENT ON COLUMN bi.cluster_quality.stability_customers IS 'Customers that both snapshots have.';
COMMENT ON COLUMN bi.cluster_quality.previous_as_of IS 'The published snapshot before.';
CREATE VIEW bi.cluster_summary AS
 SELECT as_of,
    algorithm,
    cluster_id,
    label,
    name,
    customers,
    share,
    medoid_id,
    membership,
    ( SELECT jsonb_object_agg(concat_ws(' '::text, trait.column_name, trait.value), jsonb_build_object('estimate', trait.estimate, 'low', trait.low, 'high', trait.high, 'everyone', trait.everyone)) AS jsonb_object_agg
           FROM jsonb_to_recordset(profiles.profile) trait(role text, column_name text, value text, estimate double precision, low double precision, high double precision, everyone double precision)
          WHERE ((trait.role = 'label'::text) AND (trait.column_name <> ALL (ARRAY['age'::text])))) AS outcomes
   FROM kindred.cluster_profiles profiles
  WHERE (as_of IN ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE (snapshots.status = 'published'::text)));
COMMENT ON VIEW bi.cluster_summary IS 'One row a segment of a snapshot: its name, size, typical customer and outcomes.';
COMMENT ON COLUMN bi.cluster_summary.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_summary.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_summary.cluster_id IS 'The segment; the same number is the same segment from night to night.';
COMMENT ON COLUMN bi.cluster_summary.label IS 'The segment within this snapshot alone: 0 is the largest.';
COMMENT ON COLUMN bi.cluster_summary.name IS 'Its most telling features in at most 60 characters; it stays with cluster_id.';
COMMENT ON COLUMN bi.cluster_summary.customers IS 'Customers in the segment.';
COMMENT ON COLUMN bi.cluster_summary.share IS 'Share of all customers of the snapshot.';
COMMENT ON COLUMN bi.cluster_summary.medoid_id IS 'The customer nearest to the mean of the segment: a typical one. Null where that one was erased.';
COMMENT ON COLUMN bi.cluster_summary.membership IS 'Mean of how firmly its customers belong to it (0 to 1).';
COMMENT ON COLUMN bi.cluster_summary.outcomes IS 'By label (and category): estimate in the segment, its 95 % interval (low, high), and that of everyone. Dates in days since 1970-01-01.';
CREATE VIEW bi.cluster_summary_current AS
 SELECT as_of,
    algorithm,
    cluster_id,
    label,
    name,
    customers,
    share,
    medoid_id,
    membership,
    ( SELECT jsonb_object_agg(concat_ws(' '::text, trait.column_name, trait.value), jsonb_build_object('estimate', trait.estimate, 'low', trait.low, 'high', trait.high, 'everyone', trait.everyone)) AS jsonb_object_agg
           FROM jsonb_to_recordset(profiles.profile) trait(role text, column_name text, value text, estimate double precision, low double precision, high double precision, everyone double precision)
          WHERE ((trait.role = 'label'::text) AND (trait.column_name <> ALL (ARRAY['age'::text])))) AS outcomes
   FROM kindred.cluster_profiles profiles
  WHERE (as_of = ( SELECT current_snapshot.as_of
           FROM kindred.current_snapshot));
COMMENT ON VIEW bi.cluster_summary_current IS 'One row a segment of the current snapshot: its name, size, typical customer and outcomes.';
COMMENT ON COLUMN bi.cluster_summary_current.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.cluster_summary_current.algorithm IS 'How the segments were found.';
COMMENT ON COLUMN bi.cluster_summary_current.cluster_id IS 'The segment; the same number is the same segment from night to night.';
COMMENT ON COLUMN bi.cluster_summary_current.label IS 'The segment within this snapshot alone: 0 is the largest.';
COMMENT ON COLUMN bi.cluster_summary_current.name IS 'Its most telling features in at most 60 characters; it stays with cluster_id.';
COMMENT ON COLUMN bi.cluster_summary_current.customers IS 'Customers in the segment.';
COMMENT ON COLUMN bi.cluster_summary_current.share IS 'Share of all customers of the snapshot.';
COMMENT ON COLUMN bi.cluster_summary_current.medoid_id IS 'The customer nearest to the mean of the segment: a typical one.';
COMMENT ON COLUMN bi.cluster_summary_current.membership IS 'Mean of how firmly its customers belong to it (0 to 1).';
COMMENT ON COLUMN bi.cluster_summary_current.outcomes IS 'By label (and category): estimate in the segment, its 95 % interval (low, high), and that of everyone. Dates in days since 1970-01-01.';
CREATE VIEW bi.clusters AS
 SELECT as_of,
    algorithm,
    customer_id,
    cluster_id,
    label,
    membership,
    nearest_cluster_id,
    method,
    list_number,
    center_distance,
    generation
   FROM kindred.customer_clusters
  WHERE (as_of IN ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE (snapshots.status = 'published'::text)));
COMMENT ON VIEW bi.clusters IS 'The segment of every customer by every algorithm, for every published snapshot.';
COMMENT ON COLUMN bi.clusters.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.clusters.algorithm IS 'How the segments were found, such as kmeans, hdbscan or ivfflat.';
COMMENT ON COLUMN bi.clusters.customer_id IS 'The customer.';
COMMENT ON COLUMN bi.clusters.cluster_id IS 'The segment; the same number is the same segment from night to night. -1 is noise.';
COMMENT ON COLUMN bi.clusters.label IS 'The segment within this snapshot alone: 0 is the largest. -1 is noise.';
COMMENT ON COLUMN bi.clusters.membership IS 'How firmly the customer belongs to the segment (0 to 1).';
COMMENT ON COLUMN bi.clusters.nearest_cluster_id IS 'The nearest segment, also where cluster_id is -1.';
COMMENT ON COLUMN bi.clusters.method IS 'What exactly was computed, such as "hdbscan exact".';
COMMENT ON COLUMN bi.clusters.list_number IS 'The IVFFlat list of the customer, from 1; only for algorithm ivfflat.';
COMMENT ON COLUMN bi.clusters.center_distance IS 'Distance to the centre of that list, by the metric; only for algorithm ivfflat.';
COMMENT ON COLUMN bi.clusters.generation IS 'The row of index_builds whose index has the list; null for lists made outside of an index.';
CREATE VIEW bi.clusters_current AS
 SELECT as_of,
    algorithm,
    customer_id,
    cluster_id,
    label,
    membership,
    nearest_cluster_id,
    method,
    list_number,
    center_distance,
    generation
   FROM kindred.customer_clusters
  WHERE (as_of = ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE ((snapshots.status = 'published'::text) AND (snapshots.as_of <= ( SELECT current_snapshot.as_of
                   FROM kindred.current_snapshot)) AND ( SELECT true
                   FROM kindred.customer_clusters known
                  WHERE (known.as_of = snapshots.as_of)
                 LIMIT 1))
          ORDER BY snapshots.as_of DESC
         LIMIT 1));
COMMENT ON VIEW bi.clusters_current IS 'The segment of every customer by every algorithm, as of the current snapshot.';
COMMENT ON COLUMN bi.clusters_current.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.clusters_current.algorithm IS 'How the segments were found, such as kmeans, hdbscan or ivfflat.';
COMMENT ON COLUMN bi.clusters_current.customer_id IS 'The customer.';
COMMENT ON COLUMN bi.clusters_current.cluster_id IS 'The segment; the same number is the same segment from night to night. -1 is noise.';
COMMENT ON COLUMN bi.clusters_current.label IS 'The segment within this snapshot alone: 0 is the largest. -1 is noise.';
COMMENT ON COLUMN bi.clusters_current.membership IS 'How firmly the customer belongs to the segment (0 to 1).';
COMMENT ON COLUMN bi.clusters_current.nearest_cluster_id IS 'The nearest segment, also where cluster_id is -1.';
COMMENT ON COLUMN bi.clusters_current.method IS 'What exactly was computed, such as "hdbscan exact".';
COMMENT ON COLUMN bi.clusters_current.list_number IS 'The IVFFlat list of the customer, from 1; only for algorithm ivfflat.';
COMMENT ON COLUMN bi.clusters_current.center_distance IS 'Distance to the centre of that list, by the metric; only for algorithm ivfflat.';
COMMENT ON COLUMN bi.clusters_current.generation IS 'The row of index_builds whose index has the list; null for lists made outside of an index.';
CREATE TABLE kindred.column_quality (
    as_of timestamp with time zone NOT NULL,
    column_name text NOT NULL,
    kind text NOT NULL,
    encoder_version integer NOT NULL,
    customers bigint NOT NULL,
    missing bigint NOT NULL,
    unlisted bigint,
    minimum double precision,
    maximum double precision,
    rejected bigint NOT NULL,
    stability_index real NOT NULL,
    previous_as_of timestamp with time zone,
    drift real,
    counts bigint[] NOT NULL
);
CREATE VIEW bi.column_quality AS
 SELECT as_of,
    state,
    column_name,
    kind,
    encoder_version,
    customers,
    missing,
    unlisted,
        CASE
            WHEN (kind <> 'date'::text) THEN minimum
            ELSE NULL::double precision
        END AS minimum,
        CASE
            WHEN (kind <> 'date'::text) THEN maximum
            ELSE NULL::double precision
        END AS maximum,
        CASE
            WHEN (kind = 'date'::text) THEN to_timestamp((minimum * (86400)::double precision))
            ELSE NULL::timestamp with time zone
        END AS earliest,
        CASE
            WHEN (kind = 'date'::text) THEN to_timestamp((maximum * (86400)::double precision))
            ELSE NULL::timestamp with time zone
        END AS latest,
    rejected,
    stability_index,
    previous_as_of,
    drift
   FROM ( SELECT quality.as_of,
            'published'::text AS state,
            quality.column_name,
            quality.kind,
            quality.encoder_version,
            quality.customers,
            quality.missing,
            quality.unlisted,
            quality.minimum,
            quality.maximum,
            quality.rejected,
            quality.stability_index,
            quality.previous_as_of,
            quality.drift
           FROM (kindred.column_quality quality
             JOIN kindred.snapshots ON (((snapshots.as_of = quality.as_of) AND (snapshots.status = 'published'::text))))
        UNION ALL
         SELECT builds.as_of,
            builds.state,
            built.column_name,
            built.kind,
            builds.encoder_version,
            built.customers,
            built.missing,
            built.unlisted,
            built.minimum,
            built.maximum,
            built.rejected,
            built.stability_index,
            built.previous_as_of,
            built.drift
           FROM (kindred.snapshot_builds builds
             CROSS JOIN LATERAL jsonb_to_recordset((builds.facts -> 'quality'::text)) built(column_name text, kind text, customers bigint, missing bigint, unlisted bigint, minimum double precision, maximum double precision, rejected bigint, stability_index real, previous_as_of timestamp with time zone, drift real))
          WHERE (builds.state = ANY (ARRAY['building'::text, 'failed'::text]))) found;
COMMENT ON VIEW bi.column_quality IS 'One row an encoded column of a snapshot; also of builds that were stopped before publish.';
COMMENT ON COLUMN bi.column_quality.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.column_quality.state IS 'published; or building or failed, for a build that is not (yet) published.';
COMMENT ON COLUMN bi.column_quality.column_name IS 'The column of the source.';
COMMENT ON COLUMN bi.column_quality.kind IS 'numeric, boolean, categorical, text or date.';
COMMENT ON COLUMN bi.column_quality.encoder_version IS 'The encoder that encoded it.';
COMMENT ON COLUMN bi.column_quality.customers IS 'Customers in the snapshot.';
COMMENT ON COLUMN bi.column_quality.missing IS 'Customers without a value.';
COMMENT ON COLUMN bi.column_quality.unlisted IS 'Customers whose category was infrequent or unseen when the encoder was fitted.';
COMMENT ON COLUMN bi.column_quality.minimum IS 'Smallest number, or characters of the shortest text; null where private, or where its customer was erased.';
COMMENT ON COLUMN bi.column_quality.maximum IS 'Largest number, or characters of the longest text; null where private, or where its customer was erased.';
COMMENT ON COLUMN bi.column_quality.earliest IS 'Earliest date; null where private, or where its customer was erased.';
COMMENT ON COLUMN bi.column_quality.latest IS 'Latest date; null where private, or where its customer was erased.';
COMMENT ON COLUMN bi.column_quality.rejected IS 'Rows of the window that were refused for this column.';
COMMENT ON COLUMN bi.column_quality.stability_index IS 'Population stability index against the customers the encoder was fitted on; 0 where chance explains it.';
COMMENT ON COLUMN bi.column_quality.previous_as_of IS 'The published snapshot before.';
COMMENT ON COLUMN bi.column_quality.drift IS 'Population stability index against the snapshot before; null for the first.';
CREATE TABLE kindred.index_builds (
    generation integer NOT NULL,
    as_of timestamp with time zone NOT NULL,
    table_name text,
    state text NOT NULL,
    metric text NOT NULL,
    encoder_version integer NOT NULL,
    dimensions integer NOT NULL,
    rows bigint,
    method text,
    lists integer,
    probes integer,
    k integer,
    recall_at_k real,
    recall_sample integer,
    query_milliseconds real,
    build_seconds real,
    index_bytes bigint,
    built_at timestamp with time zone DEFAULT now() NOT NULL,
    holds_as_of timestamp with time zone,
    holds_published_at timestamp with time zone,
    target_recall real,
    reason text,
    expected_recall real,
    expected_scanned_rows real,
    forecast_memory_mb integer,
    forecast_build_seconds real,
    recall_low real,
    recall_high real,
    p50_milliseconds real,
    p95_milliseconds real,
    probe_sweep jsonb,
    is_index_used boolean,
    plan jsonb,
    "precision" text,
    m integer,
    ef_construction integer,
    ef_search integer,
    list_centres real[],
    list_sizes bigint[],
    CONSTRAINT index_builds_state_check CHECK ((state = ANY (ARRAY['building'::text, 'ready'::text, 'serving'::text, 'retired'::text])))
);
CREATE VIEW bi.index_builds AS
 SELECT generation,
    as_of,
    state,
    metric,
    encoder_version,
    dimensions,
    rows,
    method,
    lists,
    probes,
    k,
    recall_at_k,
    recall_sample,
    query_milliseconds,
    build_seconds,
    index_bytes,
    built_at,
    target_recall,
    reason,
    expected_recall,
    expected_scanned_rows,
    forecast_memory_mb,
    forecast_build_seconds,
    recall_low,
    recall_high,
    p50_milliseconds,
    p95_milliseconds,
    probe_sweep,
    is_index_used,
    "precision",
    m,
    ef_construction,
    ef_search
   FROM kindred.index_builds;
COMMENT ON VIEW bi.index_builds IS 'One row a generation of the embeddings and its index.';
COMMENT ON COLUMN bi.index_builds.generation IS 'Number of the table of embeddings.';
COMMENT ON COLUMN bi.index_builds.as_of IS 'The snapshot it was built for.';
COMMENT ON COLUMN bi.index_builds.state IS 'building, ready, serving or retired.';
COMMENT ON COLUMN bi.index_builds.metric IS 'l2, cosine or ip.';
COMMENT ON COLUMN bi.index_builds.encoder_version IS 'The encoder of its vectors.';
COMMENT ON COLUMN bi.index_builds.dimensions IS 'Width of a vector.';
COMMENT ON COLUMN bi.index_builds.rows IS 'Customers in it.';
COMMENT ON COLUMN bi.index_builds.method IS 'ivfflat, hnsw, or exact scan: asked for, or for small tables.';
COMMENT ON COLUMN bi.index_builds.lists IS 'Lists of the IVFFlat index.';
COMMENT ON COLUMN bi.index_builds.probes IS 'Lists a query reads: the fewest that reach the target recall.';
COMMENT ON COLUMN bi.index_builds.k IS 'Neighbours asked for in the measurement.';
COMMENT ON COLUMN bi.index_builds.recall_at_k IS 'Share of the true k nearest found, measured on the real index.';
COMMENT ON COLUMN bi.index_builds.recall_sample IS 'Customers in that measurement.';
COMMENT ON COLUMN bi.index_builds.query_milliseconds IS 'Mean time of a query in it.';
COMMENT ON COLUMN bi.index_builds.build_seconds IS 'Seconds the index took to build.';
COMMENT ON COLUMN bi.index_builds.index_bytes IS 'Size of the index.';
COMMENT ON COLUMN bi.index_builds.built_at IS 'When it was built.';
COMMENT ON COLUMN bi.index_builds.target_recall IS 'The recall that was asked for.';
COMMENT ON COLUMN bi.index_builds.reason IS 'Why these lists or links, or why no index.';
COMMENT ON COLUMN bi.index_builds.expected_recall IS 'The recall that was forecast before the build.';
COMMENT ON COLUMN bi.index_builds.expected_scanned_rows IS 'Rows a query was forecast to read.';
COMMENT ON COLUMN bi.index_builds.forecast_memory_mb IS 'Memory the build was forecast to need, in MB.';
COMMENT ON COLUMN bi.index_builds.forecast_build_seconds IS 'Seconds the build was forecast to take.';
COMMENT ON COLUMN bi.index_builds.recall_low IS 'Lower end of the 95 % interval of recall_at_k.';
COMMENT ON COLUMN bi.index_builds.recall_high IS 'Upper end of the 95 % interval of recall_at_k.';
COMMENT ON COLUMN bi.index_builds.p50_milliseconds IS 'Half of the queries took at most so long.';
COMMENT ON COLUMN bi.index_builds.p95_milliseconds IS 'Of 100 queries, 95 took at most so long.';
COMMENT ON COLUMN bi.index_builds.probe_sweep IS 'Recall and latency at every number of probes, or ef_search, that was tried.';
COMMENT ON COLUMN bi.index_builds.is_index_used IS 'True if the planner answers by the index at these probes.';
COMMENT ON COLUMN bi.index_builds."precision" IS 'What the index keeps of a vector: single (4 bytes a number) or half (2 bytes).';
COMMENT ON COLUMN bi.index_builds.m IS 'Links of a vector in an HNSW index.';
COMMENT ON COLUMN bi.index_builds.ef_construction IS 'Candidates that were kept while an HNSW index was built.';
COMMENT ON COLUMN bi.index_builds.ef_search IS 'Candidates that a query of an HNSW index keeps: the fewest that reach the target recall.';
CREATE TABLE kindred.index_checks (
    as_of timestamp with time zone NOT NULL,
    generation integer NOT NULL,
    rebuild text NOT NULL,
    target_recall real NOT NULL,
    recall_at_k real,
    recall_low real,
    recall_high real,
    recall_sample integer,
    rows_at_build bigint,
    rows bigint NOT NULL,
    changed_rows bigint NOT NULL,
    is_rebuilt boolean NOT NULL,
    reason text NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL,
    list_drift real,
    list_drift_noise real
);
CREATE VIEW bi.index_checks AS
 SELECT as_of,
    generation,
    rebuild,
    target_recall,
    recall_at_k,
    recall_low,
    recall_high,
    recall_sample,
    rows_at_build,
    rows,
    changed_rows,
    is_rebuilt,
    reason,
    checked_at,
    ((changed_rows)::double precision / (NULLIF(rows, 0))::double precision) AS changed_share,
    list_drift,
    list_drift_noise
   FROM kindred.index_checks;
COMMENT ON VIEW bi.index_checks IS 'One row a night that met an index: how good it still was, and what was decided.';
COMMENT ON COLUMN bi.index_checks.as_of IS 'The snapshot that was being built.';
COMMENT ON COLUMN bi.index_checks.generation IS 'The generation of the embeddings that served.';
COMMENT ON COLUMN bi.index_checks.rebuild IS 'The key rebuild of the spec: auto, always or never.';
COMMENT ON COLUMN bi.index_checks.target_recall IS 'The recall that is asked for.';
COMMENT ON COLUMN bi.index_checks.recall_at_k IS 'Recall of the serving index at its stored probes.';
COMMENT ON COLUMN bi.index_checks.recall_low IS 'Lower end of the 95 % interval of recall_at_k.';
COMMENT ON COLUMN bi.index_checks.recall_high IS 'Upper end of the 95 % interval of recall_at_k.';
COMMENT ON COLUMN bi.index_checks.recall_sample IS 'Customers in that measurement.';
COMMENT ON COLUMN bi.index_checks.rows_at_build IS 'Customers when the generation was made.';
COMMENT ON COLUMN bi.index_checks.rows IS 'Customers of the new snapshot.';
COMMENT ON COLUMN bi.index_checks.changed_rows IS 'Customers that are new, changed or gone that night.';
COMMENT ON COLUMN bi.index_checks.is_rebuilt IS 'True if a new generation was made.';
COMMENT ON COLUMN bi.index_checks.reason IS 'Why, in words and figures.';
COMMENT ON COLUMN bi.index_checks.checked_at IS 'When it was checked.';
COMMENT ON COLUMN bi.index_checks.changed_share IS 'changed_rows as a share of rows; above rewrite_share of the spec no check is made.';
COMMENT ON COLUMN bi.index_checks.list_drift IS 'How far customers have moved between lists since the build (population stability index): below 0.1 little, above 0.25 a shift.';
COMMENT ON COLUMN bi.index_checks.list_drift_noise IS 'What list_drift is by chance alone, once in 1,000 times.';
CREATE TABLE kindred.customer_lookalikes (
    as_of timestamp with time zone NOT NULL,
    customer_id kindred.customer_key NOT NULL,
    rank smallint NOT NULL,
    lookalike_id kindred.customer_key NOT NULL,
    distance real NOT NULL
)
PARTITION BY LIST (as_of);
CREATE VIEW bi.lookalikes AS
 SELECT as_of,
    customer_id,
    rank,
    lookalike_id,
    distance,
    (((1)::double precision / ((1)::double precision + distance)))::real AS similarity
   FROM kindred.customer_lookalikes
  WHERE (as_of IN ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE (snapshots.status = 'published'::text)));
COMMENT ON VIEW bi.lookalikes IS 'The k most similar customers of every customer, for every published snapshot.';
COMMENT ON COLUMN bi.lookalikes.as_of IS 'The snapshot.';
COMMENT ON COLUMN bi.lookalikes.customer_id IS 'The customer.';
COMMENT ON COLUMN bi.lookalikes.rank IS '1 for the most similar customer, without gaps.';
COMMENT ON COLUMN bi.lookalikes.lookalike_id IS 'A similar customer, never the customer itself.';
COMMENT ON COLUMN bi.lookalikes.distance IS 'What pgvector''s operator of the metric gives: smaller is more similar.';
COMMENT ON COLUMN bi.lookalikes.similarity IS 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product.';
CREATE VIEW bi.lookalikes_current AS
 SELECT as_of,
    customer_id,
    rank,
    lookalike_id,
    distance,
    (((1)::double precision / ((1)::double precision + distance)))::real AS similarity
   FROM kindred.customer_lookalikes
  WHERE (as_of = ( SELECT snapshots.as_of
           FROM kindred.snapshots
          WHERE ((snapshots.status = 'published'::text) AND (snapshots.as_of <= ( SELECT current_snapshot.as_of
                   FROM kindred.current_snapshot)) AND ((snapshots.lookalikes = 0) OR ( SELECT true
                   FROM kindred.customer_lookalikes known
                  WHERE (known.as_of = snapshots.as_of)
                 LIMIT 1)))
          ORDER BY snapshots.as_of DESC
         LIMIT 1));
COMMENT ON VIEW bi.lookalikes_current IS 'The k most similar customers of every customer, as of the current snapshot.';
COMMENT ON COLUMN bi.lookalikes_current.as_of IS 'The current snapshot.';
COMMENT ON COLUMN bi.lookalikes_current.customer_id IS 'The customer.';
COMMENT ON COLUMN bi.lookalikes_current.rank IS '1 for the most similar customer, without gaps.';
COMMENT ON COLUMN bi.lookalikes_current.lookalike_id IS 'A similar customer, never the customer itself.';
COMMENT ON COLUMN bi.lookalikes_current.distance IS 'What pgvector''s operator of the metric gives: smaller is more similar.';
COMMENT ON COLUMN bi.lookalikes_current.similarity IS 'Larger is more similar: 1/(1+d) for l2, 1-d for cosine, -d for inner product.';
CREATE TABLE kindred.rejected_rows (
    row_hash text NOT NULL,
    reason text NOT NULL,
    customer_id text,
    updated_at timestamp with time zone,
    raw jsonb NOT NULL
);
CREATE VIEW bi.rejected_rows AS
 SELECT customer_id,
    updated_at,
    reason
   FROM kindred.rejected_rows;
COMMENT ON VIEW bi.rejected_rows IS 'Source rows that could not be used, with the reason.';
COMMENT ON COLUMN bi.rejected_rows.customer_id IS 'The key as text, where the row had one.';
COMMENT ON COLUMN bi.rejected_rows.updated_at IS 'The row''s time of change, where it had one.';
COMMENT ON COLUMN bi.rejected_rows.reason IS 'Why the row was refused, column by column.';
CREATE TABLE kindred.run_notes (
    as_of timestamp with time zone NOT NULL,
    missed_deadline_at timestamp with time zone,
    failed_task text,
    failure text
);
CREATE VIEW bi.snapshots AS
 SELECT as_of,
    ((as_of AT TIME ZONE 'UTC'::text))::date AS as_of_date,
    COALESCE(snapshots.status,
        CASE
            WHEN (run_notes.failure IS NULL) THEN 'waiting'::text
            ELSE 'failed'::text
        END) AS status,
    COALESCE((as_of = ( SELECT current_snapshot.as_of
           FROM kindred.current_snapshot)), false) AS is_current,
    snapshots.history,
    snapshots.encoder_version,
    COALESCE(snapshots.customers, ((snapshot_builds.facts ->> 'customers'::text))::bigint) AS customers,
    COALESCE(snapshots.lookalikes, ((snapshot_builds.facts ->> 'lookalikes'::text))::bigint) AS lookalikes,
    COALESCE(snapshots.rows_landed, ((snapshot_builds.facts ->> 'rows_landed'::text))::bigint) AS rows_landed,
    COALESCE(snapshots.rows_rejected, ((snapshot_builds.facts ->> 'rows_rejected'::text))::bigint) AS rows_rejected,
    COALESCE(snapshots.recall, ((snapshot_builds.facts ->> 'recall'::text))::real) AS recall,
    COALESCE(snapshots.recall_low, ((snapshot_builds.facts ->> 'recall_low'::text))::real) AS recall_low,
    COALESCE(snapshots.recall_high, ((snapshot_builds.facts ->> 'recall_high'::text))::real) AS recall_high,
    snapshots.published_at,
    snapshot_builds.stage_seconds,
    COALESCE(run_notes.failed_task, snapshot_builds.failed_task) AS failed_task,
    COALESCE(run_notes.failure, snapshot_builds.failure) AS failure,
    snapshots.late_customers,
    snapshot_builds.stage_peak_mb,
    COALESCE((snapshots.late_customers > 0), false) AS is_stale,
    run_notes.missed_deadline_at,
    snapshot_builds.run_id,
    snapshot_builds.state AS run_status,
    snapshot_builds.started_at,
    (((snapshot_builds.facts ->> 'rows_landed'::text))::bigint + ((snapshot_builds.facts ->> 'rows_rejected'::text))::bigint) AS rows_in,
    ((snapshot_builds.facts ->> 'customers'::text))::bigint AS rows_out,
    snapshot_builds.stage_forecast_mb,
    snapshots.erased_customers
   FROM ((kindred.snapshots
     LEFT JOIN kindred.snapshot_builds USING (as_of))
     FULL JOIN kindred.run_notes USING (as_of));
COMMENT ON VIEW bi.snapshots IS 'One row a snapshot, published or not: what is published, and what its newest run has done.';
COMMENT ON COLUMN bi.snapshots.as_of IS 'The snapshot holds what was known before this moment.';
COMMENT ON COLUMN bi.snapshots.as_of_date IS 'The date of as_of in UTC.';
COMMENT ON COLUMN bi.snapshots.status IS 'building, published, empty, failed, landed (a backfill of latest_only has landed its rows and computed a later date), withdrawn, pruned (older than what is kept), or waiting: late, and no run has begun it.';
COMMENT ON COLUMN bi.snapshots.is_current IS 'True for the one snapshot the *_current views read.';
COMMENT ON COLUMN bi.snapshots.history IS 'complete, or reconstructed: older than the first extraction from a source that keeps one row a customer.';
COMMENT ON COLUMN bi.snapshots.encoder_version IS 'The encoder its vectors were made with.';
COMMENT ON COLUMN bi.snapshots.customers IS 'Customers in the snapshot (deleted ones are not).';
COMMENT ON COLUMN bi.snapshots.lookalikes IS 'Rows of lookalikes.';
COMMENT ON COLUMN bi.snapshots.rows_landed IS 'Raw rows of its window that were kept.';
COMMENT ON COLUMN bi.snapshots.rows_rejected IS 'Raw rows of its window that were refused: see rejected_rows.';
COMMENT ON COLUMN bi.snapshots.recall IS 'Share of the true nearest neighbours found, measured on a sample (0 to 1).';
COMMENT ON COLUMN bi.snapshots.recall_low IS 'Lower end of the 95 % interval of recall.';
COMMENT ON COLUMN bi.snapshots.recall_high IS 'Upper end of the 95 % interval of recall.';
COMMENT ON COLUMN bi.snapshots.published_at IS 'When it was published.';
COMMENT ON COLUMN bi.snapshots.stage_seconds IS 'Seconds each stage of the newest run took.';
COMMENT ON COLUMN bi.snapshots.failed_task IS 'The task that failed in the newest run, if any.';
COMMENT ON COLUMN bi.snapshots.failure IS 'Why it failed, in one line.';
COMMENT ON COLUMN bi.snapshots.late_customers IS 'Customers whose rows arrived after it was computed and would change it: more than 0 is stale, run the date again.';
COMMENT ON COLUMN bi.snapshots.stage_peak_mb IS 'The most memory a process of each stage of the newest run has held, in MB.';
COMMENT ON COLUMN bi.snapshots.is_stale IS 'True where rows have arrived since that would change it: see late_customers.';
COMMENT ON COLUMN bi.snapshots.missed_deadline_at IS 'When its scheduled run was found to be late, if it was.';
COMMENT ON COLUMN bi.snapshots.run_id IS 'The newest run, by its name in Airflow.';
COMMENT ON COLUMN bi.snapshots.run_status IS 'How the newest run stands: building, published, empty or failed.';
COMMENT ON COLUMN bi.snapshots.started_at IS 'When the newest run began.';
COMMENT ON COLUMN bi.snapshots.rows_in IS 'Raw rows of its window that the newest run knows, kept or refused.';
COMMENT ON COLUMN bi.snapshots.rows_out IS 'Customers that the newest run has found.';
COMMENT ON COLUMN bi.snapshots.stage_forecast_mb IS 'The memory each stage of the newest run has forecast, in MB: beside stage_peak_mb.';
COMMENT ON COLUMN bi.snapshots.erased_customers IS 'Customers erased since it was published: who had them among their lookalikes has as many fewer. Run the date again to fill them.';
CREATE TABLE kindred.applied_migrations (
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE kindred.customer_clusters_20260201t020000 (
    as_of timestamp with time zone CONSTRAINT customer_clusters_as_of_not_null NOT NULL,
    algorithm text CONSTRAINT customer_clusters_algorithm_not_null NOT NULL,
    customer_id kindred.customer_key CONSTRAINT customer_clusters_customer_id_not_null NOT NULL,
    label integer CONSTRAINT customer_clusters_label_not_null NOT NULL,
    cluster_id integer CONSTRAINT customer_clusters_cluster_id_not_null NOT NULL,
    membership real CONSTRAINT customer_clusters_membership_not_null NOT NULL,
    nearest_label integer CONSTRAINT customer_clusters_nearest_label_not_null NOT NULL,
    nearest_cluster_id integer CONSTRAINT customer_clusters_nearest_cluster_id_not_null NOT NULL,
    method text CONSTRAINT customer_clusters_method_not_null NOT NULL,
    list_number integer,
    center_distance real,
    generation integer,
    CONSTRAINT is_one_snapshot CHECK (((as_of IS NOT NULL) AND (as_of = '2026-02-01 02:00:00+00'::timestamp with time zone)))
);
CREATE TABLE kindred.customer_clusters_20260202t020000 (
    as_of timestamp with time zone CONSTRAINT customer_clusters_as_of_not_null NOT NULL,
    algorithm text CONSTRAINT customer_clusters_algorithm_not_null NOT NULL,
    customer_id kindred.customer_key CONSTRAINT customer_clusters_customer_id_not_null NOT NULL,
    label integer CONSTRAINT customer_clusters_label_not_null NOT NULL,
    cluster_id integer CONSTRAINT customer_clusters_cluster_id_not_null NOT NULL,
    membership real CONSTRAINT customer_clusters_membership_not_null NOT NULL,
    nearest_label integer CONSTRAINT customer_clusters_nearest_label_not_null NOT NULL,
    nearest_cluster_id integer CONSTRAINT customer_clusters_nearest_cluster_id_not_null NOT NULL,
    method text CONSTRAINT customer_clusters_method_not_null NOT NULL,
    list_number integer,
    center_distance real,
    generation integer,
    CONSTRAINT is_one_snapshot CHECK (((as_of IS NOT NULL) AND (as_of = '2026-02-02 02:00:00+00'::timestamp with time zone)))
);
CREATE TABLE kindred.customer_embeddings_g1 (
    customer_id kindred.customer_key NOT NULL,
    embedding public.vector(9) NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    encoder_version integer NOT NULL
);
CREATE VIEW kindred.customer_embeddings AS
 SELECT customer_id,
    embedding,
    updated_at,
    encoder_version
   FROM kindred.customer_embeddings_g1;
CREATE TABLE kindred.customer_lookalikes_20260201t020000 (
    as_of timestamp with time zone CONSTRAINT customer_lookalikes_as_of_not_null NOT NULL,
    customer_id kindred.customer_key CONSTRAINT customer_lookalikes_customer_id_not_null NOT NULL,
    rank smallint CONSTRAINT customer_lookalikes_rank_not_null NOT NULL,
    lookalike_id kindred.customer_key CONSTRAINT customer_lookalikes_lookalike_id_not_null NOT NULL,
    distance real CONSTRAINT customer_lookalikes_distance_not_null NOT NULL,
    CONSTRAINT is_one_snapshot CHECK (((as_of IS NOT NULL) AND (as_of = '2026-02-01 02:00:00+00'::timestamp with time zone)))
);
CREATE TABLE kindred.customer_lookalikes_20260202t020000 (
    as_of timestamp with time zone CONSTRAINT customer_lookalikes_as_of_not_null NOT NULL,
    customer_id kindred.customer_key CONSTRAINT customer_lookalikes_customer_id_not_null NOT NULL,
    rank smallint CONSTRAINT customer_lookalikes_rank_not_null NOT NULL,
    lookalike_id kindred.customer_key CONSTRAINT customer_lookalikes_lookalike_id_not_null NOT NULL,
    distance real CONSTRAINT customer_lookalikes_distance_not_null NOT NULL,
    CONSTRAINT is_one_snapshot CHECK (((as_of IS NOT NULL) AND (as_of = '2026-02-02 02:00:00+00'::timestamp with time zone)))
);
CREATE TABLE kindred.customer_versions (
    customer_id kindred.customer_key NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    is_deleted boolean NOT NULL,
    age integer,
    income double precision,
    is_active boolean,
    since date,
    state text,
    churned boolean
);
CREATE TABLE kindred.encoder_versions (
    version integer NOT NULL,
    spec_hash text NOT NULL,
    spec jsonb NOT NULL,
    fitted jsonb NOT NULL,
    dimensions integer NOT NULL,
    column_blocks jsonb NOT NULL,
    fitted_as_of timestamp with time zone NOT NULL,
    customers bigint NOT NULL,
    is_withdrawn boolean DEFAULT false NOT NULL,
    CONSTRAINT encoder_versions_dimensions_check CHECK ((dimensions > 0))
);
ALTER TABLE kindred.encoder_versions ALTER COLUMN version ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME kindred.encoder_versions_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE kindred.erasure_requests (
    number integer NOT NULL,
    customer_id kindred.customer_key,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    requested_by text DEFAULT SESSION_USER NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    failure text,
    receipt jsonb,
    finished_at timestamp with time zone,
    CONSTRAINT erasure_requests_check CHECK (((status = 'done'::text) = (customer_id IS NULL))),
    CONSTRAINT erasure_requests_status_check CHECK ((status = ANY (ARRAY['open'::text, 'done'::text, 'failed'::text])))
);
COMMENT ON COLUMN kindred.erasure_requests.failure IS 'why the newest try has failed, in one line without the id';
COMMENT ON COLUMN kindred.erasure_requests.receipt IS 'rows removed by table, artefacts, snapshots and seconds';
ALTER TABLE kindred.erasure_requests ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME kindred.erasure_requests_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE kindred.extracted_windows (
    window_start timestamp with time zone NOT NULL,
    window_end timestamp with time zone NOT NULL,
    run_id text NOT NULL,
    rows_read bigint NOT NULL,
    rows_landed bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    rows_deleted bigint NOT NULL,
    extracted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT extracted_windows_check CHECK ((window_start < window_end))
);
ALTER TABLE kindred.index_builds ALTER COLUMN generation ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME kindred.index_builds_generation_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE kindred.kmeans_centers (
    encoder_version integer NOT NULL,
    settings text NOT NULL,
    centers double precision[] NOT NULL,
    figures jsonb NOT NULL
);
CREATE TABLE kindred.loaded_parts (
    table_name text NOT NULL,
    part text NOT NULL,
    digest text NOT NULL,
    rows bigint NOT NULL
);
CREATE TABLE kindred.relinks (
    number integer NOT NULL,
    relinked_at timestamp with time zone DEFAULT now() NOT NULL,
    changes jsonb NOT NULL
);
CREATE TABLE kindred.suppressed (
    key_hash bytea NOT NULL,
    secret_fingerprint text NOT NULL,
    CONSTRAINT suppressed_key_hash_check CHECK ((length(key_hash) = 32))
);
COMMENT ON COLUMN kindred.suppressed.key_hash IS 'HMAC-SHA-256 of the key as text, by KINDRED_ERASURE_KEY';
COMMENT ON COLUMN kindred.suppressed.secret_fingerprint IS 'tells whether it was made by the secret that is set now';
CREATE TABLE kindred.text_embeddings (
    model text NOT NULL COLLATE pg_catalog."C",
    text_hash uuid NOT NULL,
    embedding public.vector NOT NULL
);
COMMENT ON TABLE kindred.text_embeddings IS 'cache of sentence embeddings; rows may be deleted, and cost their time again';
COMMENT ON COLUMN kindred.text_embeddings.model IS 'identity of the model: digest of its files or its name and revision, and max_tokens';
COMMENT ON COLUMN kindred.text_embeddings.text_hash IS 'first 16 bytes of the SHA-256 of the trimmed text in UTF-8';
COMMENT ON COLUMN kindred.text_embeddings.embedding IS 'unit vector, values in multiples of 2^-20';
CREATE TABLE shop.customers (
    customer_id bigint,
    updated_at timestamp with time zone,
    income double precision,
    age integer,
    since date,
    is_active boolean,
    state text,
    churned boolean
);
ALTER TABLE ONLY kindred.customer_clusters ATTACH PARTITION kindred.customer_clusters_20260201t020000 FOR VALUES IN ('2026-02-01 02:00:00+00');
ALTER TABLE ONLY kindred.customer_clusters ATTACH PARTITION kindred.customer_clusters_20260202t020000 FOR VALUES IN ('2026-02-02 02:00:00+00');
ALTER TABLE ONLY kindred.customer_lookalikes ATTACH PARTITION kindred.customer_lookalikes_20260201t020000 FOR VALUES IN ('2026-02-01 02:00:00+00');
ALTER TABLE ONLY kindred.customer_lookalikes ATTACH PARTITION kindred.customer_lookalikes_20260202t020000 FOR VALUES IN ('2026-02-02 02:00:00+00');
COPY kindred.applied_migrations (name, applied_at) FROM stdin;
0001_snapshots	2026-11-29 20:56:08.062828+00
0002_snapshot_builds	2026-11-29 20:56:08.062828+00
0003_current_snapshot	2026-11-29 20:56:08.062828+00
0004_extracted_windows	2026-11-29 20:56:08.062828+00
0005_rejected_rows	2026-11-29 20:56:08.062828+00
0006_encoder_versions	2026-11-29 20:56:08.062828+00
0007_customer_lookalikes	2026-11-29 20:56:08.062828+00
0008_customer_clusters	2026-11-29 20:56:08.062828+00
0009_cluster_ids	2026-11-29 20:56:08.062828+00
0010_cluster_lineage	2026-11-29 20:56:08.062828+00
0011_index_builds	2026-11-29 20:56:08.062828+00
0012_loaded_parts	2026-11-29 20:56:08.062828+00
0013_to_flag	2026-11-29 20:56:08.062828+00
0014_text_embeddings	2026-11-29 20:56:08.062828+00
0015_column_quality	2026-11-29 20:56:08.062828+00
0016_refit_and_withdraw	2026-11-29 20:56:08.062828+00
0017_add_center	2026-11-29 20:56:08.062828+00
0018_add_index_plan	2026-11-29 20:56:08.062828+00
0019_create_index_checks	2026-11-29 20:56:08.062828+00
0020_pruned_snapshots	2026-11-29 20:56:08.062828+00
0021_late_customers	2026-11-29 20:56:08.062828+00
0022_stage_peaks	2026-11-29 20:56:08.062828+00
0023_add_lists	2026-11-29 20:56:08.062828+00
0024_reshape_cluster_lineage	2026-11-29 20:56:08.062828+00
0025_create_relinks	2026-11-29 20:56:08.062828+00
0026_create_cluster_profiles	2026-11-29 20:56:08.062828+00
0027_create_cluster_quality	2026-11-29 20:56:08.062828+00
0028_add_index_method	2026-11-29 20:56:08.062828+00
0029_add_list_drift	2026-11-29 20:56:08.062828+00
0030_kmeans_centers	2026-11-29 20:56:08.062828+00
0031_landed_snapshots	2026-11-29 20:56:08.062828+00
0032_stage_forecasts	2026-11-29 20:56:08.062828+00
0033_run_notes	2026-11-29 20:56:08.062828+00
0034_create_erasure_requests	2026-11-29 20:56:08.062828+00
0035_create_suppressed	2026-11-29 20:56:08.062828+00
0036_note_erasures	2026-11-29 20:56:08.062828+00
functions/check_segment@c70b05989db6bc69	2026-11-29 20:56:08.062828+00
functions/row_condition@1edee5fd1cbf14c9	2026-11-29 20:56:08.062828+00
bi/snapshots@33b9b1290d9db6f5	2026-11-29 20:56:08.062828+00
bi/lookalikes@b48ffdc8ad3ed55f	2026-11-29 20:56:08.062828+00
bi/lookalikes_current@31be04eed8fa2fd8	2026-11-29 20:56:08.062828+00
bi/clusters@b22d91c88f1602e7	2026-11-29 20:56:08.062828+00
bi/clusters_current@11c5d797836d9bd4	2026-11-29 20:56:08.062828+00
bi/cluster_lineage@e9d893f4069adf20	2026-11-29 20:56:08.062828+00
bi/cluster_lineage_current@79a10ff1bf3e5cea	2026-11-29 20:56:08.062828+00
bi/cluster_movements@041111dfe82b371a	2026-11-29 20:56:08.062828+00
bi/cluster_movements_current@3df6613b081d73dd	2026-11-29 20:56:08.062828+00
bi/cluster_profiles@b85b58d97abdf0c7	2026-11-29 20:56:08.062828+00
bi/cluster_profiles_current@f088eadd1076bd86	2026-11-29 20:56:08.062828+00
bi/cluster_quality@9bd0ac3af43737b2	2026-11-29 20:56:08.062828+00
bi/cluster_summary@35ad8b348089df54	2026-11-29 20:56:08.062828+00
bi/cluster_summary_current@2a99859b52d31547	2026-11-29 20:56:08.062828+00
bi/index_builds@1dc422f911fb33c5	2026-11-29 20:56:08.062828+00
bi/index_checks@9e1ec2f8ac8bbc1c	2026-11-29 20:56:08.062828+00
bi/rejected_rows@65eac8fc9ddcb831	2026-11-29 20:56:08.062828+00
bi/column_quality@16cd47441491e19f	2026-11-29 20:56:08.062828+00
bi/similar_customers@cccecb6e9eb2294b	2026-11-29 20:56:08.062828+00
bi/explain_pair@1255e8f67c9dbdda	2026-11-29 20:56:08.062828+00
bi/lookalike_audience@83d43fe7d4ecb4e7	2026-11-29 20:56:08.062828+00
\.
COPY kindred.cluster_ids (algorithm, cluster_id, born_as_of, birth_order) FROM stdin;
hdbscan	0	2026-02-01 02:00:00+00	0
hdbscan	1	2026-02-01 02:00:00+00	1
hdbscan	2	2026-02-01 02:00:00+00	2
kmeans	0	2026-02-01 02:00:00+00	0
kmeans	1	2026-02-01 02:00:00+00	1
kmeans	2	2026-02-01 02:00:00+00	2
\.
COPY kindred.cluster_lineage (as_of, algorithm, to_cluster_id, reference_as_of, event, to_size, shared, from_cluster_id, from_size) FROM stdin;
2026-02-01 02:00:00+00	kmeans	0	\N	born	17	0	\N	\N
2026-02-01 02:00:00+00	kmeans	1	\N	born	11	0	\N	\N
2026-02-01 02:00:00+00	kmeans	2	\N	born	8	0	\N	\N
2026-02-01 02:00:00+00	hdbscan	0	\N	born	13	0	\N	\N
2026-02-01 02:00:00+00	hdbscan	1	\N	born	7	0	\N	\N
2026-02-01 02:00:00+00	hdbscan	2	\N	born	6	0	\N	\N
2026-02-02 02:00:00+00	kmeans	0	2026-02-01 02:00:00+00	kept	16	16	0	17
2026-02-02 02:00:00+00	kmeans	1	2026-02-01 02:00:00+00	kept	11	10	1	11
2026-02-02 02:00:00+00	kmeans	2	2026-02-01 02:00:00+00	kept	8	8	2	8
2026-02-02 02:00:00+00	hdbscan	0	2026-02-01 02:00:00+00	kept	12	12	0	13
2026-02-02 02:00:00+00	hdbscan	1	2026-02-01 02:00:00+00	kept	6	6	1	7
2026-02-02 02:00:00+00	hdbscan	2	2026-02-01 02:00:00+00	kept	6	6	2	6
\.
COPY kindred.cluster_profiles (as_of, algorithm, label, cluster_id, name, name_terms, customers, share, medoid_id, membership, profile) FROM stdin;
2026-02-01 02:00:00+00	kmeans	0	0	is_active no · low income · early since	{"is_active no","low income","early since","known state"}	17	0.4722222222222222	6	0.45341918	[{"low": 0.01046040098499762, "high": 0.269820306375754, "kind": "boolean", "role": "feature", "value": null, "effect": -0.913390921321479, "missing": 0, "estimate": 0.058823529411764705, "everyone": 0.4166666666666667, "position": 1, "customers": 17, "column_name": "is_active"}, {"low": 23719.80775572976, "high": 39053.75459721141, "kind": "numeric", "role": "feature", "value": null, "effect": -0.7733221869252853, "missing": 0, "estimate": 31386.781176470584, "everyone": 49507.19194444444, "position": 2, "customers": 17, "column_name": "income"}, {"low": 20457.32228227038, "high": 20462.207129494327, "kind": "date", "role": "feature", "value": null, "effect": -0.5220331887567747, "missing": 0, "estimate": 20459.764705882353, "everyone": 20462.61111111111, "position": 3, "customers": 17, "column_name": "since"}, {"low": 0.0955504432208012, "high": 0.4726179811956498, "kind": "missing", "role": "feature", "value": null, "effect": -0.33381394766652495, "missing": 0, "estimate": 0.23529411764705882, "everyone": 0.3888888888888889, "position": 4, "customers": 17, "column_name": "state"}, {"low": 0.35522891512665694, "high": 0.8229029220223743, "kind": "categorical", "role": "feature", "value": "NY", "effect": 0.14183340022066737, "missing": 4, "estimate": 0.6153846153846154, "everyone": 0.5454545454545454, "position": 5, "customers": 13, "column_name": "state"}, {"low": 0.08179528718498566, "high": 0.502563759467275, "kind": "categorical", "role": "feature", "value": "CA", "effect": -0.09674846298454054, "missing": 4, "estimate": 0.23076923076923078, "everyone": 0.2727272727272727, "position": 6, "customers": 13, "column_name": "state"}, {"low": 0.043258178358081184, "high": 0.4223463101948254, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.07490717707717054, "missing": 4, "estimate": 0.15384615384615385, "everyone": 0.18181818181818182, "position": 7, "customers": 13, "column_name": "state"}, {"low": 0.2616510644240944, "high": 0.6903676493999558, "kind": "boolean", "role": "label", "value": null, "effect": -0.28295059824845215, "missing": 0, "estimate": 0.47058823529411764, "everyone": 0.6111111111111112, "position": 1, "customers": 17, "column_name": "churned"}]
2026-02-01 02:00:00+00	kmeans	1	1	is_active yes · high income · known state	{"is_active yes","high income","known state"}	11	0.3055555555555556	28	0.4449594	[{"low": 0.7411670330319684, "high": 1.0, "kind": "boolean", "role": "feature", "value": null, "effect": 1.7382444060145859, "missing": 0, "estimate": 1.0, "everyone": 0.4166666666666667, "position": 1, "customers": 11, "column_name": "is_active"}, {"low": 66999.62429346988, "high": 80098.82297925738, "kind": "numeric", "role": "feature", "value": null, "effect": 1.0224606589155452, "missing": 0, "estimate": 73549.22363636363, "everyone": 49507.19194444444, "position": 2, "customers": 11, "column_name": "income"}, {"low": 0.13684428582359737, "high": 0.6942576053973728, "kind": "categorical", "role": "feature", "value": "NY", "effect": -0.3437150331794938, "missing": 3, "estimate": 0.375, "everyone": 0.5454545454545454, "position": 3, "customers": 8, "column_name": "state"}, {"low": 0.09746059290024889, "high": 0.5656453011761291, "kind": "missing", "role": "feature", "value": null, "effect": -0.24776874497827084, "missing": 0, "estimate": 0.2727272727272727, "everyone": 0.3888888888888889, "position": 4, "customers": 11, "column_name": "state"}, {"low": 0.13684428582359737, "high": 0.6942576053973728, "kind": "categorical", "role": "feature", "value": "CA", "effect": 0.2191815821375631, "missing": 3, "estimate": 0.375, "everyone": 0.2727272727272727, "position": 5, "customers": 8, "column_name": "state"}, {"low": 0.071479212752109, "high": 0.5907245696898311, "kind": "categorical", "role": "feature", "value": "TX", "effect": 0.16617622518720088, "missing": 3, "estimate": 0.25, "everyone": 0.18181818181818182, "position": 6, "customers": 8, "column_name": "state"}, {"low": 20459.721239927236, "high": 20465.369669163676, "kind": "date", "role": "feature", "value": null, "effect": -0.012041471110547515, "missing": 0, "estimate": 20462.545454545456, "everyone": 20462.61111111111, "position": 7, "customers": 11, "column_name": "since"}, {"low": 0.523019438039156, "high": 0.9486323102539149, "kind": "boolean", "role": "label", "value": null, "effect": 0.4656819084841286, "missing": 0, "estimate": 0.8181818181818182, "everyone": 0.6111111111111112, "position": 1, "customers": 11, "column_name": "churned"}]
2026-02-01 02:00:00+00	kmeans	2	2	state NY · late since · high income	{"state NY","late since","high income"}	8	0.2222222222222222	35	0.41196358	[{"low": 0.20654931437723745, "high": 1.0, "kind": "categorical", "role": "feature", "value": "NY", "effect": 1.4797615487574813, "missing": 7, "estimate": 1.0, "everyone": 0.5454545454545454, "position": 1, "customers": 1, "column_name": "state"}, {"low": 20466.232004274396, "high": 20471.267995725604, "kind": "date", "role": "feature", "value": null, "effect": 1.1258775488869006, "missing": 0, "estimate": 20468.75, "everyone": 20462.61111111111, "position": 2, "customers": 8, "column_name": "since"}, {"low": 0.0, "high": 0.7934506856227626, "kind": "categorical", "role": "feature", "value": "CA", "effect": -1.0989344895152549, "missing": 7, "estimate": 0.0, "everyone": 0.2727272727272727, "position": 3, "customers": 1, "column_name": "state"}, {"low": 0.5291118177871464, "high": 0.9775825085499433, "kind": "missing", "role": "feature", "value": null, "effect": 1.0721551712828519, "missing": 0, "estimate": 0.875, "everyone": 0.3888888888888889, "position": 4, "customers": 8, "column_name": "state"}, {"low": 0.0, "high": 0.7934506856227626, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.881021326009397, "missing": 7, "estimate": 0.0, "everyone": 0.18181818181818182, "position": 5, "customers": 1, "column_name": "state"}, {"low": 42926.535861965196, "high": 66984.0066380348, "kind": "numeric", "role": "feature", "value": null, "effect": 0.23742624120735564, "missing": 0, "estimate": 54955.27125, "everyone": 49507.19194444444, "position": 6, "customers": 8, "column_name": "income"}, {"low": 0.13684428582359737, "high": 0.6942576053973728, "kind": "boolean", "role": "feature", "value": null, "effect": -0.0852321759223893, "missing": 0, "estimate": 0.375, "everyone": 0.4166666666666667, "position": 7, "customers": 8, "column_name": "is_active"}, {"low": 0.3057423946026273, "high": 0.8631557141764027, "kind": "boolean", "role": "label", "value": null, "effect": 0.028587162840707725, "missing": 0, "estimate": 0.625, "everyone": 0.6111111111111112, "position": 1, "customers": 8, "column_name": "churned"}]
2026-02-01 02:00:00+00	hdbscan	0	0	is_active yes · high income · late since	{"is_active yes","high income","late since","state not NY"}	13	0.3611111111111111	11	0.9860508	[{"low": 0.7719046276458016, "high": 1.0, "kind": "boolean", "role": "feature", "value": null, "effect": 1.7382444060145859, "missing": 0, "estimate": 1.0, "everyone": 0.4166666666666667, "position": 1, "customers": 13, "column_name": "is_active"}, {"low": 62171.68648351478, "high": 77822.99813186984, "kind": "numeric", "role": "feature", "value": null, "effect": 0.8797460520106705, "missing": 0, "estimate": 69997.3423076923, "everyone": 49507.19194444444, "position": 2, "customers": 13, "column_name": "income"}, {"low": 20460.837215489984, "high": 20467.00893835617, "kind": "date", "role": "feature", "value": null, "effect": 0.24061566829718645, "missing": 0, "estimate": 20463.923076923078, "everyone": 20462.61111111111, "position": 3, "customers": 13, "column_name": "since"}, {"low": 0.18877852109766458, "high": 0.7333487065045069, "kind": "categorical", "role": "feature", "value": "NY", "effect": -0.2023757923783791, "missing": 4, "estimate": 0.4444444444444444, "everyone": 0.5454545454545454, "position": 4, "customers": 9, "column_name": "state"}, {"low": 0.12680703655710515, "high": 0.5763065681945096, "kind": "missing", "role": "feature", "value": null, "effect": -0.17069802739839046, "missing": 0, "estimate": 0.3076923076923077, "everyone": 0.3888888888888889, "position": 5, "customers": 13, "column_name": "state"}, {"low": 0.1205838183869109, "high": 0.6457978644196036, "kind": "categorical", "role": "feature", "value": "CA", "effect": 0.13202492782551967, "missing": 4, "estimate": 0.3333333333333333, "everyone": 0.2727272727272727, "position": 6, "customers": 9, "column_name": "state"}, {"low": 0.06322510711784673, "high": 0.5474110308930111, "kind": "categorical", "role": "feature", "value": "TX", "effect": 0.10074403056922576, "missing": 4, "estimate": 0.2222222222222222, "everyone": 0.18181818181818182, "position": 7, "customers": 9, "column_name": "state"}, {"low": 0.5776536898051745, "high": 0.9567418216419186, "kind": "boolean", "role": "label", "value": null, "effect": 0.5405890855612994, "missing": 0, "estimate": 0.8461538461538461, "everyone": 0.6111111111111112, "position": 1, "customers": 13, "column_name": "churned"}]
2026-02-01 02:00:00+00	hdbscan	1	1	state NY · is_active no · early since	{"state NY","is_active no","early since","low income"}	7	0.19444444444444445	26	0.9517499	[{"low": 0.6456695649333126, "high": 1.0, "kind": "categorical", "role": "feature", "value": "NY", "effect": 1.4797615487574813, "missing": 0, "estimate": 1.0, "everyone": 0.5454545454545454, "position": 1, "customers": 7, "column_name": "state"}, {"low": 0.0, "high": 0.3543304350666875, "kind": "boolean", "role": "feature", "value": null, "effect": -1.4033482475752073, "missing": 0, "estimate": 0.0, "everyone": 0.4166666666666667, "position": 2, "customers": 7, "column_name": "is_active"}, {"low": 0.0, "high": 0.3543304350666875, "kind": "missing", "role": "feature", "value": null, "effect": -1.3467032344935257, "missing": 0, "estimate": 0.0, "everyone": 0.3888888888888889, "position": 3, "customers": 7, "column_name": "state"}, {"low": 0.0, "high": 0.3543304350666875, "kind": "categorical", "role": "feature", "value": "CA", "effect": -1.0989344895152549, "missing": 0, "estimate": 0.0, "everyone": 0.2727272727272727, "position": 4, "customers": 7, "column_name": "state"}, {"low": 0.0, "high": 0.3543304350666875, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.881021326009397, "missing": 0, "estimate": 0.0, "everyone": 0.18181818181818182, "position": 5, "customers": 7, "column_name": "state"}, {"low": 20455.852349341953, "high": 20463.004793515192, "kind": "date", "role": "feature", "value": null, "effect": -0.5836805392413076, "missing": 0, "estimate": 20459.428571428572, "everyone": 20462.61111111111, "position": 6, "customers": 7, "column_name": "since"}, {"low": 25062.590040945033, "high": 50301.80995905496, "kind": "numeric", "role": "feature", "value": null, "effect": -0.46822362877572155, "missing": 0, "estimate": 37682.2, "everyone": 49507.19194444444, "position": 7, "customers": 7, "column_name": "income"}, {"low": 0.2504583645276572, "high": 0.8417801447485302, "kind": "boolean", "role": "label", "value": null, "effect": -0.08074552339600594, "missing": 0, "estimate": 0.5714285714285714, "everyone": 0.6111111111111112, "position": 1, "customers": 7, "column_name": "churned"}]
2026-02-01 02:00:00+00	hdbscan	2	2	no state · is_active no · late since	{"no state","is_active no","late since","low income"}	6	0.16666666666666666	34	0.9942945	[{"low": 0.6096657120978346, "high": 1.0, "kind": "missing", "role": "feature", "value": null, "effect": 1.7948894190962674, "missing": 0, "estimate": 1.0, "everyone": 0.3888888888888889, "position": 1, "customers": 6, "column_name": "state"}, {"low": 0.0, "high": 0.39033428790216534, "kind": "boolean", "role": "feature", "value": null, "effect": -1.4033482475752073, "missing": 0, "estimate": 0.0, "everyone": 0.4166666666666667, "position": 2, "customers": 6, "column_name": "is_active"}, {"low": 20463.313230669584, "high": 20468.35343599708, "kind": "date", "role": "feature", "value": null, "effect": 0.5909583514518663, "missing": 0, "estimate": 20465.833333333332, "everyone": 20462.61111111111, "position": 3, "customers": 6, "column_name": "since"}, {"low": 22584.11650335059, "high": 63362.15016331607, "kind": "numeric", "role": "feature", "value": null, "effect": -0.2843833078324114, "missing": 0, "estimate": 42973.13333333333, "everyone": 49507.19194444444, "position": 4, "customers": 6, "column_name": "income"}, {"low": 0.18761630648265054, "high": 0.8123836935173494, "kind": "boolean", "role": "label", "value": null, "effect": -0.22409309230137087, "missing": 0, "estimate": 0.5, "everyone": 0.6111111111111112, "position": 1, "customers": 6, "column_name": "churned"}]
2026-02-02 02:00:00+00	kmeans	0	0	is_active no · low income · early since	{"is_active no","low income","early since","known state"}	16	0.45714285714285713	6	0.47064367	[{"low": 0.01111934476464252, "high": 0.28328737570298945, "kind": "boolean", "role": "feature", "value": null, "effect": -0.8640778957204086, "missing": 0, "estimate": 0.0625, "everyone": 0.4, "position": 1, "customers": 16, "column_name": "is_active"}, {"low": 22479.60372434264, "high": 36626.16377565735, "kind": "numeric", "role": "feature", "value": null, "effect": -0.8460302775909341, "missing": 0, "estimate": 29552.883749999994, "everyone": 53341.070285714275, "position": 2, "customers": 16, "column_name": "income"}, {"low": 20457.440780800076, "high": 20462.559219199924, "kind": "date", "role": "feature", "value": null, "effect": -0.487118947654764, "missing": 0, "estimate": 20460.0, "everyone": 20462.685714285715, "position": 3, "customers": 16, "column_name": "since"}, {"low": 0.10182067491213048, "high": 0.49498316535508774, "kind": "missing", "role": "feature", "value": null, "effect": -0.32224085480796805, "missing": 0, "estimate": 0.25, "everyone": 0.4, "position": 4, "customers": 16, "column_name": "state"}, {"low": 0.04696514218385378, "high": 0.4480308622529734, "kind": "categorical", "role": "feature", "value": "CA", "effect": -0.28681661215332754, "missing": 4, "estimate": 0.16666666666666666, "everyone": 0.2857142857142857, "position": 5, "customers": 12, "column_name": "state"}, {"low": 0.39062208887279953, "high": 0.8618799089087867, "kind": "categorical", "role": "feature", "value": "NY", "effect": 0.19648934054875689, "missing": 4, "estimate": 0.6666666666666666, "everyone": 0.5714285714285714, "position": 6, "customers": 12, "column_name": "state"}, {"low": 0.04696514218385378, "high": 0.4480308622529734, "kind": "categorical", "role": "feature", "value": "TX", "effect": 0.06587529725756902, "missing": 4, "estimate": 0.16666666666666666, "everyone": 0.14285714285714285, "position": 7, "customers": 12, "column_name": "state"}, {"low": 0.27999563610326017, "high": 0.7200043638967398, "kind": "boolean", "role": "label", "value": null, "effect": -0.20135792079033066, "missing": 0, "estimate": 0.5, "everyone": 0.6, "position": 1, "customers": 16, "column_name": "churned"}]
2026-02-02 02:00:00+00	kmeans	1	1	is_active yes · high income · known state	{"is_active yes","high income","state CA"}	11	0.3142857142857143	28	0.42494723	[{"low": 0.6226415635484043, "high": 0.9837678271141151, "kind": "boolean", "role": "feature", "value": null, "effect": 1.1595995092458888, "missing": 0, "estimate": 0.9090909090909091, "everyone": 0.4, "position": 1, "customers": 11, "column_name": "is_active"}, {"low": 67871.27270066322, "high": 105664.93639024583, "kind": "numeric", "role": "feature", "value": null, "effect": 1.0973228533645782, "missing": 0, "estimate": 86768.10454545452, "everyone": 53341.070285714275, "position": 2, "customers": 11, "column_name": "income"}, {"low": 0.21521606221387757, "high": 0.7847839377861224, "kind": "categorical", "role": "feature", "value": "CA", "effect": 0.442911044073639, "missing": 3, "estimate": 0.5, "everyone": 0.2857142857142857, "position": 3, "customers": 8, "column_name": "state"}, {"low": 0.13684428582359737, "high": 0.6942576053973728, "kind": "categorical", "role": "feature", "value": "NY", "effect": -0.39602782404744374, "missing": 3, "estimate": 0.375, "everyone": 0.5714285714285714, "position": 4, "customers": 8, "column_name": "state"}, {"low": 0.09746059290024889, "high": 0.5656453011761291, "kind": "missing", "role": "feature", "value": null, "effect": -0.27050391648931105, "missing": 0, "estimate": 0.2727272727272727, "everyone": 0.4, "position": 5, "customers": 11, "column_name": "state"}, {"low": 20459.091230606642, "high": 20465.272405756998, "kind": "date", "role": "feature", "value": null, "effect": -0.09139369037220176, "missing": 0, "estimate": 20462.18181818182, "everyone": 20462.685714285715, "position": 6, "customers": 11, "column_name": "since"}, {"low": 0.02241749145005667, "high": 0.4708881822128535, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.052459125496945536, "missing": 3, "estimate": 0.125, "everyone": 0.14285714285714285, "position": 7, "customers": 8, "column_name": "state"}, {"low": 0.43435469882387084, "high": 0.902539407099751, "kind": "boolean", "role": "label", "value": null, "effect": 0.27050391648931127, "missing": 0, "estimate": 0.7272727272727273, "everyone": 0.6, "position": 1, "customers": 11, "column_name": "churned"}]
2026-02-02 02:00:00+00	kmeans	2	2	state NY · late since · high income	{"state NY","late since"}	8	0.22857142857142856	35	0.4186189	[{"low": 0.20654931437723745, "high": 1.0, "kind": "categorical", "role": "feature", "value": "NY", "effect": 1.4274487578895314, "missing": 7, "estimate": 1.0, "everyone": 0.5714285714285714, "position": 1, "customers": 1, "column_name": "state"}, {"low": 0.0, "high": 0.7934506856227626, "kind": "categorical", "role": "feature", "value": "CA", "effect": -1.1278852827212578, "missing": 7, "estimate": 0.0, "everyone": 0.2857142857142857, "position": 2, "customers": 1, "column_name": "state"}, {"low": 20466.232004274396, "high": 20471.267995725604, "kind": "date", "role": "feature", "value": null, "effect": 1.0999042195709754, "missing": 0, "estimate": 20468.75, "everyone": 20462.685714285715, "position": 3, "customers": 8, "column_name": "since"}, {"low": 0.5291118177871464, "high": 0.9775825085499433, "kind": "missing", "role": "feature", "value": null, "effect": 1.0494199997718117, "missing": 0, "estimate": 0.875, "everyone": 0.4, "position": 4, "customers": 8, "column_name": "state"}, {"low": 0.0, "high": 0.7934506856227626, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.7751933733103612, "missing": 7, "estimate": 0.0, "everyone": 0.14285714285714285, "position": 5, "customers": 1, "column_name": "state"}, {"low": 42926.535861965196, "high": 66984.0066380348, "kind": "numeric", "role": "feature", "value": null, "effect": 0.18324163180557226, "missing": 0, "estimate": 54955.27125, "everyone": 53341.070285714275, "position": 6, "customers": 8, "column_name": "income"}, {"low": 0.13684428582359737, "high": 0.6942576053973728, "kind": "boolean", "role": "feature", "value": null, "effect": -0.051322334351747934, "missing": 0, "estimate": 0.375, "everyone": 0.4, "position": 7, "customers": 8, "column_name": "is_active"}, {"low": 0.3057423946026273, "high": 0.8631557141764027, "kind": "boolean", "role": "label", "value": null, "effect": 0.051322334351747934, "missing": 0, "estimate": 0.625, "everyone": 0.6, "position": 1, "customers": 8, "column_name": "churned"}]
2026-02-02 02:00:00+00	hdbscan	0	0	is_active yes · high income · late since	{"is_active yes","high income","late since"}	12	0.34285714285714286	11	0.98994356	[{"low": 0.7575059933447592, "high": 1.0, "kind": "boolean", "role": "feature", "value": null, "effect": 1.7721542475852272, "missing": 0, "estimate": 1.0, "everyone": 0.4, "position": 1, "customers": 12, "column_name": "is_active"}, {"low": 60117.220517350754, "high": 95535.2561493159, "kind": "numeric", "role": "feature", "value": null, "effect": 0.8876170883302894, "missing": 0, "estimate": 77826.23833333333, "everyone": 53341.07028571429, "position": 2, "customers": 12, "column_name": "income"}, {"low": 20460.95269342734, "high": 20467.54730657266, "kind": "date", "role": "feature", "value": null, "effect": 0.28372087642630944, "missing": 0, "estimate": 20464.25, "everyone": 20462.685714285715, "position": 3, "customers": 12, "column_name": "since"}, {"low": 0.13684428582359737, "high": 0.6942576053973728, "kind": "categorical", "role": "feature", "value": "CA", "effect": 0.1902307889315602, "missing": 4, "estimate": 0.375, "everyone": 0.2857142857142857, "position": 4, "customers": 8, "column_name": "state"}, {"low": 0.21521606221387757, "high": 0.7847839377861224, "kind": "categorical", "role": "feature", "value": "NY", "effect": -0.14334756890536493, "missing": 4, "estimate": 0.5, "everyone": 0.5714285714285714, "position": 5, "customers": 8, "column_name": "state"}, {"low": 0.13812009109121315, "high": 0.6093779111272004, "kind": "missing", "role": "feature", "value": null, "effect": -0.13847898866379138, "missing": 0, "estimate": 0.3333333333333333, "everyone": 0.4, "position": 6, "customers": 12, "column_name": "state"}, {"low": 0.02241749145005667, "high": 0.4708881822128535, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.052459125496945536, "missing": 4, "estimate": 0.125, "everyone": 0.14285714285714285, "position": 7, "customers": 8, "column_name": "state"}, {"low": 0.5519691377470267, "high": 0.9530348578161462, "kind": "boolean", "role": "label", "value": null, "effect": 0.5283697354366357, "missing": 0, "estimate": 0.8333333333333334, "everyone": 0.6, "position": 1, "customers": 12, "column_name": "churned"}]
2026-02-02 02:00:00+00	hdbscan	1	1	state NY · is_active no · early since	{"state NY","is_active no","low income","early since"}	6	0.17142857142857143	6	0.98179275	[{"low": 0.6096657120978346, "high": 1.0, "kind": "categorical", "role": "feature", "value": "NY", "effect": 1.4274487578895314, "missing": 0, "estimate": 1.0, "everyone": 0.5714285714285714, "position": 1, "customers": 6, "column_name": "state"}, {"low": 0.0, "high": 0.39033428790216534, "kind": "boolean", "role": "feature", "value": null, "effect": -1.369438406004566, "missing": 0, "estimate": 0.0, "everyone": 0.4, "position": 2, "customers": 6, "column_name": "is_active"}, {"low": 0.0, "high": 0.39033428790216534, "kind": "missing", "role": "feature", "value": null, "effect": -1.369438406004566, "missing": 0, "estimate": 0.0, "everyone": 0.4, "position": 3, "customers": 6, "column_name": "state"}, {"low": 0.0, "high": 0.39033428790216534, "kind": "categorical", "role": "feature", "value": "CA", "effect": -1.1278852827212578, "missing": 0, "estimate": 0.0, "everyone": 0.2857142857142857, "position": 4, "customers": 6, "column_name": "state"}, {"low": 0.0, "high": 0.39033428790216534, "kind": "categorical", "role": "feature", "value": "TX", "effect": -0.7751933733103612, "missing": 0, "estimate": 0.0, "everyone": 0.14285714285714285, "position": 5, "customers": 6, "column_name": "state"}, {"low": 23095.878536384087, "high": 44829.95479694924, "kind": "numeric", "role": "feature", "value": null, "effect": -0.6184968303606636, "missing": 0, "estimate": 33962.916666666664, "everyone": 53341.07028571429, "position": 6, "customers": 6, "column_name": "income"}, {"low": 20455.90854665593, "high": 20464.09145334407, "kind": "date", "role": "feature", "value": null, "effect": -0.487118947654764, "missing": 0, "estimate": 20460.0, "everyone": 20462.685714285715, "position": 7, "customers": 6, "column_name": "since"}, {"low": 0.18761630648265054, "high": 0.8123836935173494, "kind": "boolean", "role": "label", "value": null, "effect": -0.20135792079033066, "missing": 0, "estimate": 0.5, "everyone": 0.6, "position": 1, "customers": 6, "column_name": "churned"}]
2026-02-02 02:00:00+00	hdbscan	2	2	no state · is_active no · late since	{"no state","is_active no","late since","low income"}	6	0.17142857142857143	34	0.9942945	[{"low": 0.6096657120978346, "high": 1.0, "kind": "missing", "role": "feature", "value": null, "effect": 1.7721542475852272, "missing": 0, "estimate": 1.0, "everyone": 0.4, "position": 1, "customers": 6, "column_name": "state"}, {"low": 0.0, "high": 0.39033428790216534, "kind": "boolean", "role": "feature", "value": null, "effect": -1.369438406004566, "missing": 0, "estimate": 0.0, "everyone": 0.4, "position": 2, "customers": 6, "column_name": "is_active"}, {"low": 20463.313230669584, "high": 20468.35343599708, "kind": "date", "role": "feature", "value": null, "effect": 0.5708964971621757, "missing": 0, "estimate": 20465.833333333332, "everyone": 20462.685714285715, "position": 3, "customers": 6, "column_name": "since"}, {"low": 22584.11650335059, "high": 63362.15016331607, "kind": "numeric", "role": "feature", "value": null, "effect": -0.3060698032989987, "missing": 0, "estimate": 42973.13333333333, "everyone": 53341.07028571429, "position": 4, "customers": 6, "column_name": "income"}, {"low": 0.18761630648265054, "high": 0.8123836935173494, "kind": "boolean", "role": "label", "value": null, "effect": -0.20135792079033066, "missing": 0, "estimate": 0.5, "everyone": 0.6, "position": 1, "customers": 6, "column_name": "churned"}]
\.
COPY kindred.cluster_quality (as_of, algorithm, customers, clusters, noise_share, largest_share, smallest_share, silhouette, silhouette_sample, stability, stability_customers, previous_as_of) FROM stdin;
2026-02-01 02:00:00+00	kmeans	36	3	0	0.4722222222222222	0.2222222222222222	0.2805487	36	\N	0	\N
2026-02-01 02:00:00+00	hdbscan	36	3	0.2777777777777778	0.3611111111111111	0.16666666666666666	0.35615703	26	\N	0	\N
2026-02-02 02:00:00+00	kmeans	35	3	0	0.45714285714285713	0.22857142857142856	0.2825202	35	0.903485	35	2026-02-01 02:00:00+00
2026-02-02 02:00:00+00	hdbscan	35	3	0.3142857142857143	0.34285714285714286	0.17142857142857143	0.37694645	24	0.92837584	35	2026-02-01 02:00:00+00
\.
COPY kindred.column_quality (as_of, column_name, kind, encoder_version, customers, missing, unlisted, minimum, maximum, rejected, stability_index, previous_as_of, drift, counts) FROM stdin;
2026-02-01 02:00:00+00	age	numeric	1	36	0	\N	\N	\N	0	0	\N	\N	{4,3,4,3,4,4,2,3,5,4,0}
2026-02-01 02:00:00+00	income	numeric	1	36	0	\N	15498.29	81791.77	0	0	\N	\N	{4,3,4,3,4,4,3,3,4,4,0}
2026-02-01 02:00:00+00	is_active	boolean	1	36	0	\N	\N	\N	0	0	\N	\N	{0,21,15,0}
2026-02-01 02:00:00+00	since	date	1	36	0	\N	20454	20473	0	0	\N	\N	{4,2,4,4,4,4,2,4,4,4,0}
2026-02-01 02:00:00+00	state	categorical	1	36	14	0	\N	\N	0	0	\N	\N	{12,6,4,0,14}
2026-02-02 02:00:00+00	age	numeric	1	35	0	\N	\N	\N	0	0	2026-02-01 02:00:00+00	0	{4,3,4,3,4,3,2,3,5,4,0}
2026-02-02 02:00:00+00	income	numeric	1	35	0	\N	15498.29	157054.18	0	0	2026-02-01 02:00:00+00	0	{4,3,4,3,4,3,2,3,3,6,0}
2026-02-02 02:00:00+00	is_active	boolean	1	35	0	\N	\N	\N	0	0	2026-02-01 02:00:00+00	0	{0,21,14,0}
2026-02-02 02:00:00+00	since	date	1	35	0	\N	20454	20473	0	0	2026-02-01 02:00:00+00	0	{4,2,4,3,4,4,2,4,4,4,0}
2026-02-02 02:00:00+00	state	categorical	1	35	14	0	\N	\N	0	0	2026-02-01 02:00:00+00	0	{12,6,3,0,14}
\.
COPY kindred.current_snapshot (only_row, as_of, generation, encoder_version) FROM stdin;
t	2026-02-02 02:00:00+00	1	1
\.
COPY kindred.customer_clusters_20260201t020000 (as_of, algorithm, customer_id, label, cluster_id, membership, nearest_label, nearest_cluster_id, method, list_number, center_distance, generation) FROM stdin;
2026-02-01 02:00:00+00	hdbscan	1	-1	-1	0	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	2	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	3	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	4	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	5	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	6	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	7	0	0	0.948548	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	8	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	9	-1	-1	0	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	10	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	11	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	12	0	0	0.9897616	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	13	2	2	0.9657673	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	14	-1	-1	0	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	15	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	16	0	0	0.9897616	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	17	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	18	0	0	0.95932364	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	19	0	0	0.9433034	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	20	-1	-1	0	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	21	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	22	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	23	1	1	0.7714928	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	24	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	25	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	26	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	27	0	0	0.99598724	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	28	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	29	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	30	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	31	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	32	0	0	0.99598724	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	33	1	1	0.89075655	1	1	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	34	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	35	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	hdbscan	36	0	0	0.99598724	0	0	hdbscan exact	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	1	0	0	0.30493894	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	2	0	0	0.51789314	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	3	0	0	0.19123134	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	4	1	1	0.49018788	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	5	0	0	0.6829595	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	6	0	0	0.71847135	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	7	1	1	0.31267223	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	8	1	1	0.5387006	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	9	0	0	0.47151497	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	10	0	0	0.2791928	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	11	1	1	0.22749883	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	12	1	1	0.5062738	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	13	0	0	0.2833975	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	14	2	2	0.3166409	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	15	2	2	0.6661745	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	16	1	1	0.36299732	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	17	0	0	0.21726187	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	18	2	2	0.4132468	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	19	2	2	0.057793267	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	20	2	2	0.31811365	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	21	0	0	0.553424	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	22	0	0	0.5542691	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	23	0	0	0.19736387	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	24	1	1	0.5468271	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	25	0	0	0.54727495	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	26	0	0	0.6848673	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	27	1	1	0.47644126	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	28	1	1	0.60893655	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	29	0	0	0.4857438	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	30	0	0	0.5753455	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	31	2	2	0.4618443	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	32	1	1	0.52528507	1	1	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	33	0	0	0.44297603	0	0	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	34	2	2	0.3877744	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	35	2	2	0.67412084	2	2	kmeans	\N	\N	\N
2026-02-01 02:00:00+00	kmeans	36	1	1	0.2987328	1	1	kmeans	\N	\N	\N
\.
COPY kindred.customer_clusters_20260202t020000 (as_of, algorithm, customer_id, label, cluster_id, membership, nearest_label, nearest_cluster_id, method, list_number, center_distance, generation) FROM stdin;
2026-02-02 02:00:00+00	hdbscan	1	-1	-1	0	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	2	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	3	-1	-1	0	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	4	0	0	0.98909116	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	5	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	6	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	8	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	9	-1	-1	0	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	10	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	11	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	12	0	0	0.9931445	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	13	2	2	0.9657673	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	14	-1	-1	0	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	15	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	16	0	0	0.99374926	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	17	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	18	0	0	0.9631887	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	19	0	0	0.9471039	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	20	-1	-1	0	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	21	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	22	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	23	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	24	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	25	-1	-1	0	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	26	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	27	0	0	0.9930454	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	28	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	29	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	30	1	1	1	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	31	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	32	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	33	1	1	0.89075655	1	1	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	34	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	35	2	2	1	2	2	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	hdbscan	36	0	0	1	0	0	hdbscan exact	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	1	0	0	0.31074968	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	2	0	0	0.48861423	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	3	1	1	0.18854111	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	4	1	1	0.50849175	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	5	0	0	0.7047279	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	6	0	0	0.7140062	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	8	1	1	0.54870695	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	9	0	0	0.49956113	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	10	0	0	0.2595903	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	11	1	1	0.14383459	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	12	1	1	0.4454492	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	13	0	0	0.31393278	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	14	2	2	0.3127535	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	15	2	2	0.6716129	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	16	1	1	0.37157303	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	17	0	0	0.24745077	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	18	2	2	0.44640246	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	19	2	2	0.11409456	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	20	2	2	0.29481366	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	21	0	0	0.5456653	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	22	0	0	0.5253415	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	23	0	0	0.12678784	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	24	1	1	0.59178567	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	25	0	0	0.5618506	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	26	0	0	0.67207634	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	27	1	1	0.45650414	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	28	1	1	0.6324087	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	29	0	0	0.50555205	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	30	0	0	0.58156556	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	31	2	2	0.4383061	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	32	1	1	0.5292894	1	1	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	33	0	0	0.47282675	0	0	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	34	2	2	0.3914603	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	35	2	2	0.6795077	2	2	kmeans	\N	\N	\N
2026-02-02 02:00:00+00	kmeans	36	1	1	0.25783506	1	1	kmeans	\N	\N	\N
\.
COPY kindred.customer_embeddings_g1 (customer_id, embedding, updated_at, encoder_version) FROM stdin;
1	[-0.8402937,-0.71473944,1.4342743,1.1325641,0,0,0,0,0.84664875]	2026-01-01 12:00:00+00	1
2	[-0.16145897,-0.035627905,0,1.0010406,0.84664875,0,0,0,0]	2026-01-02 12:00:01+00	1
5	[-1.0100024,-0.85061854,0,0.6064698,0.84664875,0,0,0,0]	2026-01-05 12:00:04+00	1
6	[-0.50087637,-0.44080368,0,0.47494626,0.84664875,0,0,0,0]	2026-01-06 12:00:05+00	1
8	[0.89922035,0.9882716,1.4342743,0.21189909,0,0,0,0,0.84664875]	2026-01-08 12:00:07+00	1
9	[-0.96757525,-1.1221365,0,0.08037552,0,0,0,0,0.84664875]	2026-01-09 12:00:08+00	1
10	[-0.20388614,-0.17001809,0,-0.051148057,0,0,0.84664875,0,0]	2026-01-10 12:00:09+00	1
11	[0.43252146,0.37417504,1.4342743,-0.18267162,0,0,0,0,0.84664875]	2026-01-11 12:00:10+00	1
12	[0.9840747,0.7826777,1.4342743,-0.31419522,0,0,0.84664875,0,0]	2026-01-12 12:00:11+00	1
13	[-0.92514807,-0.98642474,0,-0.4457188,0,0,0,0,0.84664875]	2026-01-13 12:00:12+00	1
14	[-0.2887405,-0.5109665,1.4342743,-0.5772423,0,0,0,0,0.84664875]	2026-01-14 12:00:13+00	1
15	[0.39009428,0.10236857,0,-0.7087659,0,0,0,0,0.84664875]	2026-01-15 12:00:14+00	1
16	[1.1537834,0.91879064,1.4342743,-0.84028953,0,0.84664875,0,0,0]	2026-01-16 12:00:15+00	1
17	[-0.7554394,-1.055419,0,-0.9718131,0.84664875,0,0,0,0]	2026-01-17 12:00:16+00	1
18	[-0.119031794,-0.10222717,1.4342743,-1.1033367,0,0,0,0,0.84664875]	2026-01-18 12:00:17+00	1
19	[0.43252146,0.2382189,1.4342743,-1.2348602,0.84664875,0,0,0,0]	2026-01-19 12:00:18+00	1
20	[0.9416475,1.1911772,0,-1.3663838,0,0,0,0,0.84664875]	2026-01-20 12:00:19+00	1
21	[-1.0524296,-0.9195125,0,1.1325641,0,0.84664875,0,0,0]	2026-01-01 12:00:20+00	1
22	[-0.37359482,-0.57707477,0,1.0010406,0,0.84664875,0,0,0]	2026-01-02 12:00:21+00	1
23	[0.43252146,0.30678952,0,0.86951697,0.84664875,0,0,0,0]	2026-01-03 12:00:22+00	1
24	[0.9840747,1.0539901,1.4342743,0.7379934,0,0.84664875,0,0,0]	2026-01-04 12:00:23+00	1
25	[-1.0100024,-1.1912186,0,0.6064698,0,0,0.84664875,0,0]	2026-01-05 12:00:24+00	1
26	[-0.45844918,-0.3060496,0,0.47494626,0.84664875,0,0,0,0]	2026-01-06 12:00:25+00	1
27	[0.2203856,0.5765251,1.4342743,0.34342268,0.84664875,0,0,0,0]	2026-01-07 12:00:26+00	1
28	[0.77193886,0.6478422,1.4342743,0.21189909,0,0.84664875,0,0,0]	2026-01-08 12:00:27+00	1
29	[-0.7554394,-0.7831612,0,0.08037552,0,0,0,0,0.84664875]	2026-01-09 12:00:28+00	1
30	[-0.50087637,-0.37621188,0,-0.051148057,0.84664875,0,0,0,0]	2026-01-10 12:00:29+00	1
31	[0.30523995,0.51213163,0,-0.18267162,0,0,0,0,0.84664875]	2026-01-11 12:00:30+00	1
32	[0.9840747,1.1232601,1.4342743,-0.31419522,0.84664875,0,0,0,0]	2026-01-12 12:00:31+00	1
33	[-1.0948567,-0.6479418,0,-0.4457188,0.84664875,0,0,0,0]	2026-01-13 12:00:32+00	1
34	[-0.16145897,-0.23826028,0,-0.5772423,0,0,0,0,0.84664875]	2026-01-14 12:00:33+00	1
35	[0.26281276,0.16969503,0,-0.7087659,0,0,0,0,0.84664875]	2026-01-15 12:00:34+00	1
36	[0.77193886,0.7146981,1.4342743,-0.84028953,0.84664875,0,0,0,0]	2026-01-16 12:00:35+00	1
3	[0.13553125,1.1911772,0,0.86951697,0,0.84664875,0,0,0]	2026-02-01 12:00:00+00	1
4	[0.9416475,1.1911772,1.4342743,0.7379934,0,0,0,0,0.84664875]	2026-02-01 12:00:00+00	1
\.
COPY kindred.customer_lookalikes_20260201t020000 (as_of, customer_id, rank, lookalike_id, distance) FROM stdin;
2026-02-01 02:00:00+00	1	1	29	1.7821687
2026-02-01 02:00:00+00	1	2	14	1.8080852
2026-02-01 02:00:00+00	1	3	9	1.8293213
2026-02-01 02:00:00+00	2	1	26	0.661896
2026-02-01 02:00:00+00	2	2	23	0.69811237
2026-02-01 02:00:00+00	2	3	6	0.7457525
2026-02-01 02:00:00+00	3	1	22	1.1470472
2026-02-01 02:00:00+00	3	2	23	1.2410502
2026-02-01 02:00:00+00	3	3	2	1.3295054
2026-02-01 02:00:00+00	4	1	8	0.54544294
2026-02-01 02:00:00+00	4	2	11	1.1549399
2026-02-01 02:00:00+00	4	3	24	1.2152222
2026-02-01 02:00:00+00	5	1	6	0.6666753
2026-02-01 02:00:00+00	5	2	26	0.7861709
2026-02-01 02:00:00+00	5	3	30	0.95746136
2026-02-01 02:00:00+00	6	1	26	0.14127538
2026-02-01 02:00:00+00	6	2	30	0.5300447
2026-02-01 02:00:00+00	6	3	5	0.6666753
2026-02-01 02:00:00+00	7	1	12	1.3083702
2026-02-01 02:00:00+00	7	2	27	1.3169329
2026-02-01 02:00:00+00	7	3	11	1.3833991
2026-02-01 02:00:00+00	8	1	4	0.54544294
2026-02-01 02:00:00+00	8	2	11	0.86637664
2026-02-01 02:00:00+00	8	3	28	1.2512877
2026-02-01 02:00:00+00	9	1	29	0.3998823
2026-02-01 02:00:00+00	9	2	13	0.54497063
2026-02-01 02:00:00+00	9	3	25	1.3103342
2026-02-01 02:00:00+00	10	1	30	1.2507387
2026-02-01 02:00:00+00	10	2	34	1.3102902
2026-02-01 02:00:00+00	10	3	26	1.3392947
2026-02-01 02:00:00+00	11	1	8	0.86637664
2026-02-01 02:00:00+00	11	2	4	1.1549399
2026-02-01 02:00:00+00	11	3	18	1.1742207
2026-02-01 02:00:00+00	12	1	32	1.2448392
2026-02-01 02:00:00+00	12	2	7	1.3083702
2026-02-01 02:00:00+00	12	3	16	1.3257946
2026-02-01 02:00:00+00	13	1	9	0.54497063
2026-02-01 02:00:00+00	13	2	29	0.58897567
2026-02-01 02:00:00+00	13	3	34	1.0771581
2026-02-01 02:00:00+00	14	1	18	0.6874912
2026-02-01 02:00:00+00	14	2	11	1.2080481
2026-02-01 02:00:00+00	14	3	34	1.4655074
2026-02-01 02:00:00+00	15	1	35	0.1439911
2026-02-01 02:00:00+00	15	2	34	0.6614661
2026-02-01 02:00:00+00	15	3	31	0.6722211
2026-02-01 02:00:00+00	16	1	28	1.1516594
2026-02-01 02:00:00+00	16	2	36	1.2732192
2026-02-01 02:00:00+00	16	3	12	1.3257946
2026-02-01 02:00:00+00	17	1	33	0.74700534
2026-02-01 02:00:00+00	17	2	30	1.1720703
2026-02-01 02:00:00+00	17	3	13	1.3205925
2026-02-01 02:00:00+00	18	1	14	0.6874912
2026-02-01 02:00:00+00	18	2	11	1.1742207
2026-02-01 02:00:00+00	18	3	19	1.3678601
2026-02-01 02:00:00+00	19	1	36	0.70563626
2026-02-01 02:00:00+00	19	2	18	1.3678601
2026-02-01 02:00:00+00	19	3	32	1.3910905
2026-02-01 02:00:00+00	20	1	15	1.3864259
2026-02-01 02:00:00+00	20	2	35	1.3916551
2026-02-01 02:00:00+00	20	3	31	1.505753
2026-02-01 02:00:00+00	21	1	22	0.7716078
2026-02-01 02:00:00+00	21	2	5	1.3103243
2026-02-01 02:00:00+00	21	3	25	1.3364235
2026-02-01 02:00:00+00	22	1	21	0.7716078
2026-02-01 02:00:00+00	22	2	3	1.1470472
2026-02-01 02:00:00+00	22	3	6	1.3210503
2026-02-01 02:00:00+00	23	1	2	0.69811237
2026-02-01 02:00:00+00	23	2	26	1.151124
2026-02-01 02:00:00+00	23	3	3	1.2410502
2026-02-01 02:00:00+00	24	1	28	0.69766253
2026-02-01 02:00:00+00	24	2	4	1.2152222
2026-02-01 02:00:00+00	24	3	8	1.3122205
2026-02-01 02:00:00+00	25	1	5	1.244844
2026-02-01 02:00:00+00	25	2	9	1.3103342
2026-02-01 02:00:00+00	25	3	21	1.3364235
2026-02-01 02:00:00+00	26	1	6	0.14127538
2026-02-01 02:00:00+00	26	2	30	0.5324454
2026-02-01 02:00:00+00	26	3	2	0.661896
2026-02-01 02:00:00+00	27	1	32	1.1465608
2026-02-01 02:00:00+00	27	2	36	1.3131936
2026-02-01 02:00:00+00	27	3	7	1.3169329
2026-02-01 02:00:00+00	28	1	24	0.69766253
2026-02-01 02:00:00+00	28	2	16	1.1516594
2026-02-01 02:00:00+00	28	3	8	1.2512877
2026-02-01 02:00:00+00	29	1	9	0.3998823
2026-02-01 02:00:00+00	29	2	13	0.58897567
2026-02-01 02:00:00+00	29	3	34	1.0402842
2026-02-01 02:00:00+00	30	1	6	0.5300447
2026-02-01 02:00:00+00	30	2	26	0.5324454
2026-02-01 02:00:00+00	30	3	33	0.7631094
2026-02-01 02:00:00+00	31	1	35	0.62915665
2026-02-01 02:00:00+00	31	2	15	0.6722211
2026-02-01 02:00:00+00	31	3	34	0.96777165
2026-02-01 02:00:00+00	32	1	36	0.6990707
2026-02-01 02:00:00+00	32	2	27	1.1465608
2026-02-01 02:00:00+00	32	3	12	1.2448392
2026-02-01 02:00:00+00	33	1	17	0.74700534
2026-02-01 02:00:00+00	33	2	30	0.7631094
2026-02-01 02:00:00+00	33	3	5	1.0748856
2026-02-01 02:00:00+00	34	1	35	0.6031024
2026-02-01 02:00:00+00	34	2	15	0.6614661
2026-02-01 02:00:00+00	34	3	31	0.96777165
2026-02-01 02:00:00+00	35	1	15	0.1439911
2026-02-01 02:00:00+00	35	2	34	0.6031024
2026-02-01 02:00:00+00	35	3	31	0.62915665
2026-02-01 02:00:00+00	36	1	32	0.6990707
2026-02-01 02:00:00+00	36	2	19	0.70563626
2026-02-01 02:00:00+00	36	3	16	1.2732192
\.
COPY kindred.customer_lookalikes_20260202t020000 (as_of, customer_id, rank, lookalike_id, distance) FROM stdin;
2026-02-02 02:00:00+00	1	1	29	1.7821687
2026-02-02 02:00:00+00	1	2	14	1.8080852
2026-02-02 02:00:00+00	1	3	9	1.8293213
2026-02-02 02:00:00+00	2	1	26	0.661896
2026-02-02 02:00:00+00	2	2	23	0.69811237
2026-02-02 02:00:00+00	2	3	6	0.7457525
2026-02-02 02:00:00+00	3	1	23	1.5178844
2026-02-02 02:00:00+00	3	2	24	1.6772858
2026-02-02 02:00:00+00	3	3	31	1.7408713
2026-02-02 02:00:00+00	4	1	8	0.56546086
2026-02-02 02:00:00+00	4	2	24	1.2059222
2026-02-02 02:00:00+00	4	3	11	1.3320383
2026-02-02 02:00:00+00	5	1	6	0.6666753
2026-02-02 02:00:00+00	5	2	26	0.7861709
2026-02-02 02:00:00+00	5	3	30	0.95746136
2026-02-02 02:00:00+00	6	1	26	0.14127538
2026-02-02 02:00:00+00	6	2	30	0.5300447
2026-02-02 02:00:00+00	6	3	5	0.6666753
2026-02-02 02:00:00+00	8	1	4	0.56546086
2026-02-02 02:00:00+00	8	2	11	0.86637664
2026-02-02 02:00:00+00	8	3	28	1.2512877
2026-02-02 02:00:00+00	9	1	29	0.3998823
2026-02-02 02:00:00+00	9	2	13	0.54497063
2026-02-02 02:00:00+00	9	3	25	1.3103342
2026-02-02 02:00:00+00	10	1	30	1.2507387
2026-02-02 02:00:00+00	10	2	34	1.3102902
2026-02-02 02:00:00+00	10	3	26	1.3392947
2026-02-02 02:00:00+00	11	1	8	0.86637664
2026-02-02 02:00:00+00	11	2	18	1.1742207
2026-02-02 02:00:00+00	11	3	14	1.2080481
2026-02-02 02:00:00+00	12	1	32	1.2448392
2026-02-02 02:00:00+00	12	2	16	1.3257946
2026-02-02 02:00:00+00	12	3	8	1.3266019
2026-02-02 02:00:00+00	13	1	9	0.54497063
2026-02-02 02:00:00+00	13	2	29	0.58897567
2026-02-02 02:00:00+00	13	3	34	1.0771581
2026-02-02 02:00:00+00	14	1	18	0.6874912
2026-02-02 02:00:00+00	14	2	11	1.2080481
2026-02-02 02:00:00+00	14	3	34	1.4655074
2026-02-02 02:00:00+00	15	1	35	0.1439911
2026-02-02 02:00:00+00	15	2	34	0.6614661
2026-02-02 02:00:00+00	15	3	31	0.6722211
2026-02-02 02:00:00+00	16	1	28	1.1516594
2026-02-02 02:00:00+00	16	2	36	1.2732192
2026-02-02 02:00:00+00	16	3	12	1.3257946
2026-02-02 02:00:00+00	17	1	33	0.74700534
2026-02-02 02:00:00+00	17	2	30	1.1720703
2026-02-02 02:00:00+00	17	3	13	1.3205925
2026-02-02 02:00:00+00	18	1	14	0.6874912
2026-02-02 02:00:00+00	18	2	11	1.1742207
2026-02-02 02:00:00+00	18	3	19	1.3678601
2026-02-02 02:00:00+00	19	1	36	0.70563626
2026-02-02 02:00:00+00	19	2	18	1.3678601
2026-02-02 02:00:00+00	19	3	32	1.3910905
2026-02-02 02:00:00+00	20	1	15	1.3864259
2026-02-02 02:00:00+00	20	2	35	1.3916551
2026-02-02 02:00:00+00	20	3	31	1.505753
2026-02-02 02:00:00+00	21	1	22	0.7716078
2026-02-02 02:00:00+00	21	2	5	1.3103243
2026-02-02 02:00:00+00	21	3	25	1.3364235
2026-02-02 02:00:00+00	22	1	21	0.7716078
2026-02-02 02:00:00+00	22	2	6	1.3210503
2026-02-02 02:00:00+00	22	3	2	1.3310877
2026-02-02 02:00:00+00	23	1	2	0.69811237
2026-02-02 02:00:00+00	23	2	26	1.151124
2026-02-02 02:00:00+00	23	3	6	1.2592907
2026-02-02 02:00:00+00	24	1	28	0.69766253
2026-02-02 02:00:00+00	24	2	4	1.2059222
2026-02-02 02:00:00+00	24	3	8	1.3122205
2026-02-02 02:00:00+00	25	1	5	1.244844
2026-02-02 02:00:00+00	25	2	9	1.3103342
2026-02-02 02:00:00+00	25	3	21	1.3364235
2026-02-02 02:00:00+00	26	1	6	0.14127538
2026-02-02 02:00:00+00	26	2	30	0.5324454
2026-02-02 02:00:00+00	26	3	2	0.661896
2026-02-02 02:00:00+00	27	1	32	1.1465608
2026-02-02 02:00:00+00	27	2	36	1.3131936
2026-02-02 02:00:00+00	27	3	28	1.3267343
2026-02-02 02:00:00+00	28	1	24	0.69766253
2026-02-02 02:00:00+00	28	2	16	1.1516594
2026-02-02 02:00:00+00	28	3	8	1.2512877
2026-02-02 02:00:00+00	29	1	9	0.3998823
2026-02-02 02:00:00+00	29	2	13	0.58897567
2026-02-02 02:00:00+00	29	3	34	1.0402842
2026-02-02 02:00:00+00	30	1	6	0.5300447
2026-02-02 02:00:00+00	30	2	26	0.5324454
2026-02-02 02:00:00+00	30	3	33	0.7631094
2026-02-02 02:00:00+00	31	1	35	0.62915665
2026-02-02 02:00:00+00	31	2	15	0.6722211
2026-02-02 02:00:00+00	31	3	34	0.96777165
2026-02-02 02:00:00+00	32	1	36	0.6990707
2026-02-02 02:00:00+00	32	2	27	1.1465608
2026-02-02 02:00:00+00	32	3	12	1.2448392
2026-02-02 02:00:00+00	33	1	17	0.74700534
2026-02-02 02:00:00+00	33	2	30	0.7631094
2026-02-02 02:00:00+00	33	3	5	1.0748856
2026-02-02 02:00:00+00	34	1	35	0.6031024
2026-02-02 02:00:00+00	34	2	15	0.6614661
2026-02-02 02:00:00+00	34	3	31	0.96777165
2026-02-02 02:00:00+00	35	1	15	0.1439911
2026-02-02 02:00:00+00	35	2	34	0.6031024
2026-02-02 02:00:00+00	35	3	31	0.62915665
2026-02-02 02:00:00+00	36	1	32	0.6990707
2026-02-02 02:00:00+00	36	2	19	0.70563626
2026-02-02 02:00:00+00	36	3	16	1.2732192
\.
COPY kindred.customer_versions (customer_id, updated_at, is_deleted, age, income, is_active, since, state, churned) FROM stdin;
1	2026-01-01 12:00:00+00	f	27	20691.17	t	2026-01-01	\N	f
2	2026-01-02 12:00:01+00	f	43	41810.71	f	2026-01-02	NY	t
3	2026-01-03 12:00:02+00	f	50	60729.14	f	2026-01-03	CA	f
4	2026-01-04 12:00:03+00	f	69	78527.09	t	2026-01-04	\N	t
5	2026-01-05 12:00:04+00	f	23	20079.44	f	2026-01-05	NY	t
6	2026-01-06 12:00:05+00	f	35	40016.28	f	2026-01-06	NY	f
7	2026-01-07 12:00:06+00	f	50	54577.68	t	2026-01-07	TX	t
8	2026-01-08 12:00:07+00	f	68	80427.29	t	2026-01-08	\N	t
9	2026-01-09 12:00:08+00	f	24	17775.96	f	2026-01-09	\N	f
10	2026-01-10 12:00:09+00	f	42	41326.13	f	2026-01-10	TX	t
11	2026-01-11 12:00:10+00	f	57	60218.03	t	2026-01-11	\N	t
12	2026-01-12 12:00:11+00	f	70	78110.5	t	2026-01-12	TX	f
13	2026-01-13 12:00:12+00	f	25	18987.42	f	2026-01-13	\N	f
14	2026-01-14 12:00:13+00	f	40	38363.54	t	2026-01-14	\N	t
15	2026-01-15 12:00:14+00	f	56	57856.43	f	2026-01-15	\N	t
16	2026-01-16 12:00:15+00	f	74	79372.2	t	2026-01-16	CA	f
17	2026-01-17 12:00:16+00	f	29	17785.25	f	2026-01-17	NY	f
18	2026-01-18 12:00:17+00	f	44	41519.04	t	2026-01-18	\N	t
19	2026-01-19 12:00:18+00	f	57	59404.95	t	2026-01-19	NY	t
20	2026-01-20 12:00:19+00	f	69	81791.77	f	2026-01-20	\N	f
21	2026-01-01 12:00:20+00	f	22	19108.34	f	2026-01-01	CA	t
22	2026-01-02 12:00:21+00	f	38	37609.67	f	2026-01-02	CA	t
23	2026-01-03 12:00:22+00	f	57	59997.9	f	2026-01-03	NY	t
24	2026-01-04 12:00:23+00	f	70	80512.97	t	2026-01-04	CA	t
25	2026-01-05 12:00:24+00	f	23	15498.29	f	2026-01-05	TX	f
26	2026-01-06 12:00:25+00	f	36	40665.63	f	2026-01-06	NY	f
27	2026-01-07 12:00:26+00	f	52	61338.31	t	2026-01-07	NY	t
28	2026-01-08 12:00:27+00	f	65	76971.36	t	2026-01-08	CA	t
29	2026-01-09 12:00:28+00	f	29	20288.51	f	2026-01-09	\N	t
30	2026-01-10 12:00:29+00	f	35	40027.5	f	2026-01-10	NY	t
31	2026-01-11 12:00:30+00	f	54	61331.78	f	2026-01-11	\N	t
32	2026-01-12 12:00:31+00	f	70	81233.76	t	2026-01-12	NY	t
33	2026-01-13 12:00:32+00	f	21	21177.94	f	2026-01-13	NY	f
34	2026-01-14 12:00:33+00	f	43	41064	f	2026-01-14	\N	f
35	2026-01-15 12:00:34+00	f	53	58310.66	f	2026-01-15	\N	f
36	2026-01-16 12:00:35+00	f	65	77752.27	t	2026-01-16	NY	t
3	2026-02-01 12:00:00+00	f	50	121458.28	f	2026-01-03	CA	f
4	2026-02-01 12:00:00+00	f	69	157054.18	t	2026-01-04	\N	t
7	2026-02-02 01:59:59.999999+00	t	\N	\N	\N	\N	\N	\N
\.
COPY kindred.encoder_versions (version, spec_hash, spec, fitted, dimensions, column_blocks, fitted_as_of, customers, is_withdrawn) FROM stdin;
1	92b275cc3c57729e	{"age": {"clip": 3.0, "kind": "numeric", "weight": 1.0, "transform": "none"}, "since": {"kind": "date", "cyclic": [], "weight": 1.0}, "state": {"kind": "categorical", "weight": 1.0, "min_frequency": 2, "max_categories": 50}, "income": {"clip": null, "kind": "numeric", "weight": 1.0, "transform": "quantile"}, "is_active": {"kind": "boolean", "weight": 1.0}}	{"columns": [{"clip": 3.0, "fill": 47.0, "block": "number", "scale": 0.7071067811865475, "center": 46.80555555555556, "column": "age", "spread": 16.666365738024, "landmarks": [], "reference": {"edges": [24.0, 29.0, 36.0, 42.0, 50.0, 54.0, 57.0, 65.0, 70.0], "counts": [4, 3, 4, 3, 4, 4, 2, 3, 5, 4, 0]}, "transform": "none", "has_indicator": false}, {"clip": null, "fill": 0.499831513918749, "block": "number", "scale": 0.7071067811865476, "center": 0.5000086818507657, "column": "income", "spread": 0.2968048975132041, "landmarks": [15498.29, 15578.008450000001, 15657.726900000001, 15737.44535, 15817.1638, 15896.88225, 15976.6007, 16056.319150000001, 16136.0376, 16215.75605, 16295.4745, 16375.19295, 16454.9114, 16534.62985, 16614.3483, 16694.066749999998, 16773.7852, 16853.50365, 16933.2221, 17012.94055, 17092.659, 17172.37745, 17252.0959, 17331.81435, 17411.5328, 17491.25125, 17570.969699999998, 17650.688149999998, 17730.4066, 17776.09935, 17776.4245, 17776.749649999998, 17777.0748, 17777.39995, 17777.7251, 17778.05025, 17778.3754, 17778.700549999998, 17779.0257, 17779.35085, 17779.676, 17780.00115, 17780.3263, 17780.65145, 17780.976599999998, 17781.30175, 17781.6269, 17781.95205, 17782.2772, 17782.60235, 17782.927499999998, 17783.25265, 17783.5778, 17783.90295, 17784.2281, 17784.55325, 17784.8784, 17785.20355, 17821.3151, 17863.39105, 17905.467, 17947.54295, 17989.6189, 18031.69485, 18073.7708, 18115.84675, 18157.9227, 18199.99865, 18242.0746, 18284.15055, 18326.2265, 18368.30245, 18410.3784, 18452.45435, 18494.5303, 18536.606249999997, 18578.6822, 18620.758149999998, 18662.8341, 18704.91005, 18746.985999999997, 18789.06195, 18831.137899999998, 18873.21385, 18915.2898, 18957.365749999997, 18988.6292, 18992.861399999998, 18997.0936, 19001.3258, 19005.557999999997, 19009.7902, 19014.022399999998, 19018.2546, 19022.4868, 19026.718999999997, 19030.9512, 19035.183399999998, 19039.4156, 19043.6478, 19047.879999999997, 19052.1122, 19056.344399999998, 19060.5766, 19064.8088, 19069.041, 19073.2732, 19077.5054, 19081.7376, 19085.9698, 19090.202, 19094.4342, 19098.6664, 19102.8986, 19107.1308, 19132.6175, 19166.606, 19200.5945, 19234.583, 19268.5715, 19302.56, 19336.5485, 19370.537, 19404.5255, 19438.514, 19472.5025, 19506.490999999998, 19540.4795, 19574.468, 19608.4565, 19642.445, 19676.4335, 19710.422, 19744.410499999998, 19778.399, 19812.3875, 19846.376, 19880.3645, 19914.353, 19948.3415, 19982.329999999998, 20016.318499999998, 20050.307, 20080.48535, 20087.802799999998, 20095.12025, 20102.4377, 20109.755149999997, 20117.0726, 20124.390049999998, 20131.707499999997, 20139.02495, 20146.342399999998, 20153.65985, 20160.9773, 20168.294749999997, 20175.6122, 20182.92965, 20190.247099999997, 20197.56455, 20204.881999999998, 20212.19945, 20219.5169, 20226.834349999997, 20234.1518, 20241.46925, 20248.786699999997, 20256.10415, 20263.421599999998, 20270.73905, 20278.0565, 20285.373949999997, 20296.563199999997, 20310.6563, 20324.749399999997, 20338.8425, 20352.935599999997, 20367.0287, 20381.121799999997, 20395.2149, 20409.307999999997, 20423.4011, 20437.494199999997, 20451.5873, 20465.680399999997, 20479.7735, 20493.866599999998, 20507.9597, 20522.052799999998, 20536.1459, 20550.238999999998, 20564.3321, 20578.425199999998, 20592.5183, 20606.611399999998, 20620.7045, 20634.797599999998, 20648.8907, 20662.983799999998, 20677.0769, 20691.17, 20708.20695, 20725.243899999998, 20742.28085, 20759.317799999997, 20776.35475, 20793.3917, 20810.428649999998, 20827.4656, 20844.502549999997, 20861.5395, 20878.576449999997, 20895.6134, 20912.65035, 20929.687299999998, 20946.72425, 20963.761199999997, 20980.79815, 20997.8351, 21014.872049999998, 21031.909, 21048.945949999998, 21065.9829, 21083.019849999997, 21100.0568, 21117.09375, 21134.130699999998, 21151.16765, 21168.204599999997, 21424.41595000001, 21999.52650000001, 22574.637050000012, 23149.747600000013, 23724.85815000002, 24299.96870000002, 24875.07924999999, 25450.189799999993, 26025.300349999998, 26600.4109, 27175.52145, 27750.632000000005, 28325.742550000006, 28900.85309999998, 29475.963649999983, 30051.074199999985, 30626.184749999986, 31201.29529999999, 31776.405849999992, 32351.516399999993, 32926.62695, 33501.737499999996, 34076.84805, 34651.958600000005, 35227.06915, 35802.17970000001, 36377.29025000001, 36952.40080000001, 37527.511350000015, 37632.2861, 37658.67155, 37685.057, 37711.442449999995, 37737.8279, 37764.21335, 37790.5988, 37816.98425, 37843.3697, 37869.75515, 37896.1406, 37922.52605, 37948.9115, 37975.29695, 38001.6824, 38028.06785, 38054.4533, 38080.83875, 38107.2242, 38133.60965, 38159.9951, 38186.38055, 38212.766, 38239.15145, 38265.5369, 38291.92235, 38318.3078, 38344.693250000004, 38380.0674, 38437.9133, 38495.7592, 38553.6051, 38611.451, 38669.2969, 38727.1428, 38784.9887, 38842.8346, 38900.6805, 38958.5264, 39016.3723, 39074.2182, 39132.0641, 39189.91, 39247.7559, 39305.6018, 39363.4477, 39421.2936, 39479.1395, 39536.9854, 39594.8313, 39652.6772, 39710.5231, 39768.369, 39826.2149, 39884.0608, 39941.9067, 39999.7526, 40016.5605, 40016.953199999996, 40017.3459, 40017.7386, 40018.1313, 40018.524, 40018.9167, 40019.3094, 40019.7021, 40020.0948, 40020.4875, 40020.8802, 40021.272899999996, 40021.6656, 40022.0583, 40022.451, 40022.8437, 40023.2364, 40023.6291, 40024.0218, 40024.4145, 40024.8072, 40025.1999, 40025.592599999996, 40025.9853, 40026.378, 40026.7707, 40027.1634, 40030.690650000004, 40053.025200000004, 40075.35975, 40097.6943, 40120.02885, 40142.3634, 40164.69795, 40187.0325, 40209.36705, 40231.7016, 40254.03615, 40276.3707, 40298.70525, 40321.0398, 40343.37435, 40365.7089, 40388.04345, 40410.378, 40432.71255, 40455.047099999996, 40477.381649999996, 40499.716199999995, 40522.050749999995, 40544.3853, 40566.719849999994, 40589.05439999999, 40611.38895, 40633.7235, 40656.05805, 40673.5974, 40687.540349999996, 40701.4833, 40715.42625, 40729.3692, 40743.31215, 40757.255099999995, 40771.19805, 40785.140999999996, 40799.08395, 40813.0269, 40826.96985, 40840.9128, 40854.855749999995, 40868.7987, 40882.741649999996, 40896.6846, 40910.62755, 40924.5705, 40938.51345, 40952.4564, 40966.39935, 40980.3423, 40994.28525, 41008.2282, 41022.17115, 41036.1141, 41050.05705, 41064.0, 41073.17455, 41082.3491, 41091.52365, 41100.6982, 41109.87275, 41119.0473, 41128.22185, 41137.3964, 41146.57095, 41155.7455, 41164.92005, 41174.0946, 41183.26915, 41192.443699999996, 41201.61825, 41210.792799999996, 41219.96735, 41229.141899999995, 41238.31645, 41247.490999999995, 41256.66555, 41265.8401, 41275.01465, 41284.1892, 41293.36375, 41302.5383, 41311.712849999996, 41320.8874, 41329.023649999996, 41335.775499999996, 41342.52735, 41349.2792, 41356.03105, 41362.7829, 41369.53475, 41376.2866, 41383.03845, 41389.7903, 41396.54215, 41403.294, 41410.04585, 41416.797699999996, 41423.549549999996, 41430.3014, 41437.05325, 41443.8051, 41450.55695, 41457.3088, 41464.06065, 41470.8125, 41477.56435, 41484.3162, 41491.06805, 41497.8199, 41504.57175, 41511.3236, 41518.075450000004, 41527.7901, 41537.998550000004, 41548.207, 41558.41545, 41568.6239, 41578.832350000004, 41589.0408, 41599.24925, 41609.4577, 41619.666150000005, 41629.8746, 41640.08305, 41650.2915, 41660.49995, 41670.7084, 41680.91685, 41691.1253, 41701.33375, 41711.542199999996, 41721.75065, 41731.9591, 41742.16755, 41752.376, 41762.58445, 41772.7929, 41783.00135, 41793.2098, 41803.418249999995, 41938.379699999976, 42385.22364999998, 42832.06759999998, 43278.91154999998, 43725.755499999985, 44172.59944999998, 44619.44339999998, 45066.287349999984, 45513.13129999999, 45959.97524999999, 46406.81919999999, 46853.66314999999, 47300.507099999995, 47747.35105, 48194.195, 48641.03895, 49087.882900000004, 49534.72685000001, 49981.57080000001, 50428.41475000001, 50875.25870000001, 51322.102650000015, 51768.94660000002, 52215.79055000002, 52662.634500000015, 53109.47845000002, 53556.32240000002, 54003.16635000002, 54450.01030000002, 54659.64875000001, 54774.405000000006, 54889.16125, 55003.917499999996, 55118.673749999994, 55233.43, 55348.18625, 55462.9425, 55577.698749999996, 55692.455, 55807.21125, 55921.9675, 56036.723750000005, 56151.48, 56266.23625, 56380.9925, 56495.748750000006, 56610.505000000005, 56725.26125, 56840.0175, 56954.77375000001, 57069.530000000006, 57184.286250000005, 57299.0425, 57413.79875000001, 57528.55500000001, 57643.311250000006, 57758.067500000005, 57858.70115, 57874.599200000004, 57890.49725, 57906.395300000004, 57922.29335, 57938.1914, 57954.08945, 57969.9875, 57985.88555, 58001.7836, 58017.68165, 58033.5797, 58049.477750000005, 58065.3758, 58081.273850000005, 58097.1719, 58113.069950000005, 58128.968, 58144.866050000004, 58160.7641, 58176.662150000004, 58192.56020000001, 58208.45825, 58224.35630000001, 58240.25435, 58256.152400000006, 58272.05045, 58287.948500000006, 58303.84655, 58332.54580000001, 58370.84595000001, 58409.146100000005, 58447.44625000001, 58485.7464, 58524.04655, 58562.3467, 58600.64685, 58638.947, 58677.247149999996, 58715.5473, 58753.84745, 58792.1476, 58830.44775, 58868.747899999995, 58907.04805, 58945.3482, 58983.648349999996, 59021.9485, 59060.248649999994, 59098.5488, 59136.84895, 59175.149099999995, 59213.44925, 59251.7494, 59290.049549999996, 59328.3497, 59366.649849999994, 59404.95, 59425.70325, 59446.4565, 59467.209749999995, 59487.962999999996, 59508.71625, 59529.4695, 59550.22275, 59570.976, 59591.72925, 59612.4825, 59633.23575, 59653.989, 59674.742249999996, 59695.4955, 59716.24875, 59737.002, 59757.75525, 59778.508499999996, 59799.26175, 59820.015, 59840.76825, 59861.5215, 59882.27475, 59903.028, 59923.78125, 59944.5345, 59965.28775, 59986.041000000005, 60001.20195, 60008.906500000005, 60016.61105, 60024.3156, 60032.020150000004, 60039.7247, 60047.42925, 60055.1338, 60062.83835, 60070.5429, 60078.24745, 60085.952, 60093.65655, 60101.3611, 60109.06565, 60116.7702, 60124.47475, 60132.179299999996, 60139.88385, 60147.5884, 60155.29295, 60162.9975, 60170.70205, 60178.4066, 60186.11115, 60193.8157, 60201.52025, 60209.224799999996, 60216.92935, 60233.3633, 60251.25215, 60269.141, 60287.02985, 60304.9187, 60322.80755, 60340.6964, 60358.585250000004, 60376.4741, 60394.36295, 60412.2518, 60430.14065, 60448.029500000004, 60465.91835, 60483.8072, 60501.69605, 60519.5849, 60537.47375, 60555.3626, 60573.251449999996, 60591.1403, 60609.02915, 60626.918, 60644.80685, 60662.6957, 60680.58455, 60698.4734, 60716.36225, 60735.1664, 60756.2588, 60777.3512, 60798.4436, 60819.536, 60840.6284, 60861.7208, 60882.813200000004, 60903.9056, 60924.998, 60946.0904, 60967.1828, 60988.275200000004, 61009.3676, 61030.46, 61051.5524, 61072.6448, 61093.7372, 61114.8296, 61135.922, 61157.0144, 61178.106799999994, 61199.199199999995, 61220.2916, 61241.384, 61262.4764, 61283.5688, 61304.661199999995, 61325.7536, 61331.94325, 61332.1718, 61332.400349999996, 61332.628899999996, 61332.857449999996, 61333.085999999996, 61333.314549999996, 61333.543099999995, 61333.771649999995, 61334.000199999995, 61334.228749999995, 61334.4573, 61334.68585, 61334.9144, 61335.14295, 61335.3715, 61335.60005, 61335.8286, 61336.05715, 61336.2857, 61336.51425, 61336.7428, 61336.97135, 61337.1999, 61337.42845, 61337.657, 61337.88555, 61338.1141, 61416.47524999998, 61963.63199999998, 62510.788749999985, 63057.94549999999, 63605.10224999999, 64152.25899999999, 64699.41574999999, 65246.572499999995, 65793.72925, 66340.886, 66888.04275000001, 67435.1995, 67982.35625000001, 68529.513, 69076.66975000002, 69623.82650000002, 70170.98325000002, 70718.14000000001, 71265.29675000002, 71812.45350000003, 72359.61025000003, 72906.76700000004, 73453.92375000003, 74001.08050000004, 74548.23724999998, 75095.39399999999, 75642.55074999998, 76189.70749999999, 76736.86425, 76986.9782, 77014.31005, 77041.6419, 77068.97375, 77096.3056, 77123.63745, 77150.9693, 77178.30115, 77205.633, 77232.96485, 77260.2967, 77287.62855000001, 77314.9604, 77342.29225, 77369.6241, 77396.95595, 77424.2878, 77451.61965000001, 77478.95150000001, 77506.28335, 77533.6152, 77560.94705, 77588.2789, 77615.61075, 77642.94260000001, 77670.27445000001, 77697.6063, 77724.93815, 77752.27, 77764.80805, 77777.34610000001, 77789.88415, 77802.4222, 77814.96025, 77827.4983, 77840.03635000001, 77852.5744, 77865.11245, 77877.6505, 77890.18855, 77902.72660000001, 77915.26465, 77927.8027, 77940.34075, 77952.8788, 77965.41685000001, 77977.9549, 77990.49295, 78003.031, 78015.56905, 78028.10710000001, 78040.64515, 78053.1832, 78065.72125, 78078.2593, 78090.79735000001, 78103.3354, 78116.74885, 78131.3295, 78145.91015, 78160.4908, 78175.07145, 78189.65209999999, 78204.23275, 78218.8134, 78233.39405, 78247.97469999999, 78262.55535, 78277.136, 78291.71665, 78306.29729999999, 78320.87795, 78335.4586, 78350.03925, 78364.61989999999, 78379.20055, 78393.7812, 78408.36185, 78422.9425, 78437.52315, 78452.1038, 78466.68445, 78481.2651, 78495.84575, 78510.4264, 78525.00705, 78552.4433, 78582.02214999999, 78611.601, 78641.17985, 78670.75869999999, 78700.33755, 78729.9164, 78759.49524999999, 78789.0741, 78818.65294999999, 78848.2318, 78877.81065, 78907.38949999999, 78936.96835, 78966.5472, 78996.12604999999, 79025.7049, 79055.28375, 79084.8626, 79114.44145, 79144.0203, 79173.59915, 79203.178, 79232.75684999999, 79262.3357, 79291.91455, 79321.49339999999, 79351.07225, 79382.7509, 79419.67904999999, 79456.6072, 79493.53535, 79530.4635, 79567.39165, 79604.3198, 79641.24794999999, 79678.1761, 79715.10424999999, 79752.0324, 79788.96054999999, 79825.8887, 79862.81684999999, 79899.745, 79936.67315, 79973.6013, 80010.52945, 80047.4576, 80084.38575, 80121.3139, 80158.24205, 80195.1702, 80232.09835, 80269.02649999999, 80305.95465, 80342.88279999999, 80379.81095, 80416.73909999999, 80429.432, 80432.43079999999, 80435.42959999999, 80438.42839999999, 80441.42719999999, 80444.42599999999, 80447.4248, 80450.4236, 80453.4224, 80456.4212, 80459.42, 80462.4188, 80465.4176, 80468.4164, 80471.4152, 80474.414, 80477.41279999999, 80480.41159999999, 80483.4104, 80486.4092, 80489.408, 80492.4068, 80495.4056, 80498.4044, 80501.4032, 80504.402, 80507.4008, 80510.3996, 80516.57395, 80541.8016, 80567.02925, 80592.2569, 80617.48455000001, 80642.7122, 80667.93985, 80693.1675, 80718.39515, 80743.6228, 80768.85045, 80794.0781, 80819.30575, 80844.5334, 80869.76105, 80894.9887, 80920.21635, 80945.444, 80970.67164999999, 80995.8993, 81021.12694999999, 81046.35459999999, 81071.58224999999, 81096.8099, 81122.03755, 81147.2652, 81172.49285, 81197.7205, 81222.94815, 81244.9202, 81264.45055, 81283.9809, 81303.51125, 81323.0416, 81342.57195, 81362.1023, 81381.63265, 81401.163, 81420.69335, 81440.2237, 81459.75405, 81479.2844, 81498.81475, 81518.34509999999, 81537.87545, 81557.4058, 81576.93615000001, 81596.4665, 81615.99685, 81635.5272, 81655.05755, 81674.5879, 81694.11825, 81713.6486, 81733.17895, 81752.7093, 81772.23965, 81791.77], "reference": {"edges": [19108.34, 20691.17, 40016.28, 41064.0, 54577.68, 59997.9, 61331.78, 77752.27, 80427.29], "counts": [4, 3, 4, 3, 4, 4, 3, 3, 4, 4, 0]}, "transform": "quantile", "has_indicator": false}, {"clip": null, "fill": 0.4166666666666667, "block": "number", "scale": 1.4342743312012725, "center": 0.0, "column": "is_active", "spread": 1.0, "landmarks": [], "reference": {"edges": [0.0, 1.0], "counts": [0, 21, 15, 0]}, "transform": "none", "has_indicator": false}, {"age": {"clip": null, "fill": 22.58333333333212, "block": "number", "scale": 1.0000000000000002, "center": 22.47222222222101, "spread": 5.376273894404407, "landmarks": [], "transform": "none", "has_indicator": false}, "block": "date", "parts": [], "scale": 0.7071067823839501, "column": "since", "reference": {"edges": [20456.0, 20457.0, 20459.0, 20461.0, 20463.0, 20465.0, 20466.0, 20468.0, 20470.0], "counts": [4, 2, 4, 4, 4, 4, 2, 4, 4, 4, 0]}, "fitted_day": 20485.083333333332}, {"block": "category", "scale": 0.8466487815452375, "column": "state", "reference": {"counts": [12, 6, 4, 0, 14], "categories": ["NY", "CA", "TX"]}, "categories": ["NY", "CA", "TX"], "has_missing_slot": true}]}	9	{"age": [0, 1], "since": [3, 4], "state": [4, 9], "income": [1, 2], "is_active": [2, 3]}	2026-02-01 02:00:00+00	36	f
\.
COPY kindred.erasure_requests (number, customer_id, requested_at, requested_by, status, failure, receipt, finished_at) FROM stdin;
\.
COPY kindred.extracted_windows (window_start, window_end, run_id, rows_read, rows_landed, rows_rejected, rows_deleted, extracted_at) FROM stdin;
-infinity	2026-02-01 02:00:00+00	test__2026-02-01T02:00	37	36	1	0	2026-11-29 20:56:08.277456+00
2026-02-01 02:00:00+00	2026-02-02 02:00:00+00	test__2026-02-02T02:00	2	2	0	1	2026-11-29 20:56:10.768066+00
\.
COPY kindred.index_builds (generation, as_of, table_name, state, metric, encoder_version, dimensions, rows, method, lists, probes, k, recall_at_k, recall_sample, query_milliseconds, build_seconds, index_bytes, built_at, holds_as_of, holds_published_at, target_recall, reason, expected_recall, expected_scanned_rows, forecast_memory_mb, forecast_build_seconds, recall_low, recall_high, p50_milliseconds, p95_milliseconds, probe_sweep, is_index_used, plan, "precision", m, ef_construction, ef_search, list_centres, list_sizes) FROM stdin;
1	2026-02-01 02:00:00+00	customer_embeddings_g1	serving	l2	1	9	36	exact scan	\N	\N	\N	\N	\N	\N	\N	\N	2026-11-29 20:56:08.661221+00	\N	\N	0.95	36 rows, an index wants 1000	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	{"k": 3, "rows": 36, "chosen": null, "method": "ivfflat", "reason": "36 rows, an index wants 1000", "memory_mb": 256, "precision": "single", "candidates": [], "dimensions": 9, "usual_lists": 1, "largest_lists": 0, "target_recall": 0.95}	\N	\N	\N	\N	\N	\N
\.
COPY kindred.index_checks (as_of, generation, rebuild, target_recall, recall_at_k, recall_low, recall_high, recall_sample, rows_at_build, rows, changed_rows, is_rebuilt, reason, checked_at, list_drift, list_drift_noise) FROM stdin;
2026-02-02 02:00:00+00	1	auto	0.95	\N	\N	\N	\N	36	35	3	f	no index to lose recall	2026-11-29 20:56:11.092156+00	\N	\N
\.
COPY kindred.kmeans_centers (encoder_version, settings, centers, figures) FROM stdin;
1	{"k": 3, "k_max": 20, "k_min": 2, "metric": "l2"}	{{-0.590722118230427,-0.5545780757332549,0.08436907740200261,0.37436938987058765,0.3984229424420525,0.1494086034157697,0.09960573561051314,0,0.1992114712210263},{0.7526537708260796,0.733244536952539,1.4342743158340454,0.008635386824607825,0.2309042052789168,0.2309042052789168,0.15393613685261123,0,0.2309042052789168},{0.22038559149950743,0.17026718240231276,0.537852868437767,-0.807408595457673,0.1058310940861702,0,1.3877787807814457e-17,0,0.7408176586031914}}	{}
\.
COPY kindred.loaded_parts (table_name, part, digest, rows) FROM stdin;
customer_clusters_20260201t020000_next	hdbscan	f314ecd1d82e51d8e7dbeca244a7dae21c3f5f4572bcfda42ee49257c5683f10	36
customer_clusters_20260201t020000_next	kmeans	9ba8948167ae6ebcd7f13576faab480a856152ef2952c58d9d7fffaa1291e967	36
customer_lookalikes_20260201t020000_next	000	05042d1aff4b10dc5c379e1b1c3d64e1fd44c5a409ef3f97610f6d1575ec6b9a	108
customer_clusters_20260202t020000_next	hdbscan	f022f41ea48c1e38d525a444e55d337bd0308488dbbc80e91b72cba950b676ff	35
customer_clusters_20260202t020000_next	kmeans	2f44218fcba1a4a19f2cbb1d91f6a225cdf99dd0063a2b3118f61c979a28e84b	35
customer_lookalikes_20260202t020000_next	000	76e741cdbd7ba07cd2a029ed2f84789ac69f81fbeec411719bb753b3a960dd04	105
\.
COPY kindred.rejected_rows (row_hash, reason, customer_id, updated_at, raw) FROM stdin;
23f96d0eed3b73aaed3feb5bc7c45d3a	income: not a finite number between -1e37 and 1e37	37	2026-01-01 12:00:00+00	{"age": 30, "since": null, "state": "CA", "income": "NaN", "churned": false, "is_active": true, "is_deleted": false, "updated_at": "2026-01-01T12:00:00+00:00", "customer_id": 37}
\.
COPY kindred.relinks (number, relinked_at, changes) FROM stdin;
\.
COPY kindred.run_notes (as_of, missed_deadline_at, failed_task, failure) FROM stdin;
\.
COPY kindred.snapshot_builds (as_of, run_id, state, window_start, settings, settings_hash, encoder_version, may_fit, facts, stage_seconds, started_at, failed_task, failure, may_refit, late_customers, stage_peak_mb, stage_forecast_mb, erased_at) FROM stdin;
2026-02-01 02:00:00+00	test__2026-02-01T02:00	published	2026-01-31 02:00:00+00	{"space": "default", "source": {"connection": "kindred_source", "table": "shop.customers", "query": null, "key": "customer_id", "updated_at": "updated_at", "source_timezone": "UTC", "where": null, "history": "current", "tombstone": null, "deletes": null, "overlap_hours": 0.0}, "schedule": "0 2 * * *", "metric": "l2", "k": 3, "target_recall": 0.99, "exact": false, "index": "ivfflat", "index_precision": "single", "index_target_recall": 0.95, "rewrite_share": 0.2, "rebuild": "auto", "refit": "auto", "refit_drift": 0.25, "features": {"age": {"kind": "numeric", "weight": 1.0, "transform": "none", "clip": 3.0}, "income": {"kind": "numeric", "weight": 1.0, "transform": "quantile", "clip": null}, "is_active": {"kind": "boolean", "weight": 1.0}, "since": {"kind": "date", "weight": 1.0, "cyclic": []}, "state": {"kind": "categorical", "weight": 1.0, "max_categories": 50, "min_frequency": 2}}, "labels": ["churned"], "private": ["age"], "clustering": {"algorithms": ["kmeans", "hdbscan"], "kmeans": {"k": 3, "k_min": 2, "k_max": 20}, "hdbscan": {"min_cluster_size": 5, "min_samples": 3, "exact_limit": 20000}, "dbscan": {"eps": null, "min_samples": 10}, "plpython": {"k": 8, "memory_mb": 2048}}, "gates": {"min_customers": 1, "max_rejected_share": 0.2, "max_deleted_share": 0.5, "max_drift": 1.0, "max_noise_share": 1.0, "min_clusters": 0, "recall_tolerance": 0.02}}	986cd2c32295d753	1	t	{"refit": null, "center": [0.000000005587935447692871, 0.0000000021730859334212482, 0.5976142883300781, 0.000000003311369178859991, 0.28221625089645386, 0.14110812544822693, 0.09407208114862442, 0.0, 0.32925230264663696], "recall": 1.0, "graph_k": 6, "quality": [{"kind": "numeric", "drift": null, "counts": [4, 3, 4, 3, 4, 4, 2, 3, 5, 4, 0], "maximum": null, "minimum": null, "missing": 0, "rejected": 0, "unlisted": null, "customers": 36, "column_name": "age", "previous_as_of": null, "stability_index": 0.0}, {"kind": "numeric", "drift": null, "counts": [4, 3, 4, 3, 4, 4, 3, 3, 4, 4, 0], "maximum": 81791.77, "minimum": 15498.29, "missing": 0, "rejected": 0, "unlisted": null, "customers": 36, "column_name": "income", "previous_as_of": null, "stability_index": 0.0}, {"kind": "boolean", "drift": null, "counts": [0, 21, 15, 0], "maximum": null, "minimum": null, "missing": 0, "rejected": 0, "unlisted": null, "customers": 36, "column_name": "is_active", "previous_as_of": null, "stability_index": 0.0}, {"kind": "date", "drift": null, "counts": [4, 2, 4, 4, 4, 4, 2, 4, 4, 4, 0], "maximum": 20473.0, "minimum": 20454.0, "missing": 0, "rejected": 0, "unlisted": null, "customers": 36, "column_name": "since", "previous_as_of": null, "stability_index": 0.0}, {"kind": "categorical", "drift": null, "counts": [12, 6, 4, 0, 14], "maximum": null, "minimum": null, "missing": 14, "rejected": 0, "unlisted": 0, "customers": 36, "column_name": "state", "previous_as_of": null, "stability_index": 0.0}], "eligible": 36, "customers": 36, "embeddings": {"mode": "generation", "table": "customer_embeddings_g1", "generation": 1, "base_generation": null, "base_published_at": null}, "lookalikes": 108, "recall_low": 1.0, "recall_high": 1.0, "rows_landed": 0, "graph_method": "exact", "rows_undated": 0, "recall_sample": 36, "rows_rejected": 0, "lineage_kmeans": [{"event": "born", "shared": 0, "to_size": 17, "from_size": null, "to_cluster_id": 0, "from_cluster_id": null, "reference_as_of": null}, {"event": "born", "shared": 0, "to_size": 11, "from_size": null, "to_cluster_id": 1, "from_cluster_id": null, "reference_as_of": null}, {"event": "born", "shared": 0, "to_size": 8, "from_size": null, "to_cluster_id": 2, "from_cluster_id": null, "reference_as_of": null}], "relinks_kmeans": 0, "cluster_quality": [{"clusters": 3, "algorithm": "kmeans", "customers": 36, "stability": null, "silhouette": 0.2805486947045828, "noise_share": 0.0, "largest_share": 0.4722222222222222, "previous_as_of": null, "smallest_share": 0.2222222222222222, "silhouette_sample": 36, "stability_customers": 0}, {"clusters": 3, "algorithm": "hdbscan", "customers": 36, "stability": null, "silhouette": 0.3561570322363744, "noise_share": 0.2777777777777778, "largest_share": 0.3611111111111111, "previous_as_of": null, "smallest_share": 0.16666666666666666, "silhouette_sample": 26, "stability_customers": 0}], "clusters_kmeans": {"k": 3, "method": "kmeans", "inertia": 43.65167300460292, "clusters": 3, "noise_share": 0.0}, "lineage_hdbscan": [{"event": "born", "shared": 0, "to_size": 13, "from_size": null, "to_cluster_id": 0, "from_cluster_id": null, "reference_as_of": null}, {"event": "born", "shared": 0, "to_size": 7, "from_size": null, "to_cluster_id": 1, "from_cluster_id": null, "reference_as_of": null}, {"event": "born", "shared": 0, "to_size": 6, "from_size": null, "to_cluster_id": 2, "from_cluster_id": null, "reference_as_of": null}], "relinks_hdbscan": 0, "clusters_hdbscan": {"method": "hdbscan exact", "clusters": 3, "noise_share": 0.2778}, "has_full_extract": false}	{"encode": 0.04, "cluster": 1.49, "extract": 0.03, "publish": 0.07, "clean_up": 0.03, "validate": 0.04, "plan_graph": 0.02, "embed_texts": 0.01, "fit_encoder": 0.04, "merge_graph": 0.03, "quality_gate": 0.04, "search_graph": 0.01, "load_lookalikes": 0.04, "build_embeddings": 0.08, "profile_clusters": 0.12}	2026-11-29 20:56:08.194761+00	\N	\N	f	0	{"encode": 215, "cluster": 319, "extract": 213, "publish": 321, "clean_up": 321, "validate": 213, "plan_graph": 216, "embed_texts": 213, "fit_encoder": 215, "merge_graph": 216, "quality_gate": 321, "search_graph": 216, "load_lookalikes": 321, "build_embeddings": 216, "profile_clusters": 321}	{"encode": 490, "cluster": 460, "plan_graph": 460, "fit_encoder": 487, "merge_graph": 460, "search_graph": 460, "load_lookalikes": 471, "build_embeddings": 471, "profile_clusters": 487}	\N
2026-02-02 02:00:00+00	test__2026-02-02T02:00	published	2026-02-01 02:00:00+00	{"space": "default", "source": {"connection": "kindred_source", "table": "shop.customers", "query": null, "key": "customer_id", "updated_at": "updated_at", "source_timezone": "UTC", "where": null, "history": "current", "tombstone": null, "deletes": null, "overlap_hours": 0.0}, "schedule": "0 2 * * *", "metric": "l2", "k": 3, "target_recall": 0.99, "exact": false, "index": "ivfflat", "index_precision": "single", "index_target_recall": 0.95, "rewrite_share": 0.2, "rebuild": "auto", "refit": "auto", "refit_drift": 0.25, "features": {"age": {"kind": "numeric", "weight": 1.0, "transform": "none", "clip": 3.0}, "income": {"kind": "numeric", "weight": 1.0, "transform": "quantile", "clip": null}, "is_active": {"kind": "boolean", "weight": 1.0}, "since": {"kind": "date", "weight": 1.0, "cyclic": []}, "state": {"kind": "categorical", "weight": 1.0, "max_categories": 50, "min_frequency": 2}}, "labels": ["churned"], "private": ["age"], "clustering": {"algorithms": ["kmeans", "hdbscan"], "kmeans": {"k": 3, "k_min": 2, "k_max": 20}, "hdbscan": {"min_cluster_size": 5, "min_samples": 3, "exact_limit": 20000}, "dbscan": {"eps": null, "min_samples": 10}, "plpython": {"k": 8, "memory_mb": 2048}}, "gates": {"min_customers": 1, "max_rejected_share": 0.2, "max_deleted_share": 0.5, "max_drift": 1.0, "max_noise_share": 1.0, "min_clusters": 0, "recall_tolerance": 0.02}}	986cd2c32295d753	1	t	{"center": [-0.0038723156321793795, 0.030130110681056976, 0.5737097263336182, -0.009812072850763798, 0.2902795672416687, 0.14513978362083435, 0.07256989181041718, 0.0, 0.33865949511528015], "recall": 1.0, "graph_k": 6, "quality": [{"kind": "numeric", "drift": 0.0, "counts": [4, 3, 4, 3, 4, 3, 2, 3, 5, 4, 0], "maximum": null, "minimum": null, "missing": 0, "rejected": 0, "unlisted": null, "customers": 35, "column_name": "age", "previous_as_of": "2026-02-01T02:00:00+00:00", "stability_index": 0.0}, {"kind": "numeric", "drift": 0.0, "counts": [4, 3, 4, 3, 4, 3, 2, 3, 3, 6, 0], "maximum": 157054.18, "minimum": 15498.29, "missing": 0, "rejected": 0, "unlisted": null, "customers": 35, "column_name": "income", "previous_as_of": "2026-02-01T02:00:00+00:00", "stability_index": 0.0}, {"kind": "boolean", "drift": 0.0, "counts": [0, 21, 14, 0], "maximum": null, "minimum": null, "missing": 0, "rejected": 0, "unlisted": null, "customers": 35, "column_name": "is_active", "previous_as_of": "2026-02-01T02:00:00+00:00", "stability_index": 0.0}, {"kind": "date", "drift": 0.0, "counts": [4, 2, 4, 3, 4, 4, 2, 4, 4, 4, 0], "maximum": 20473.0, "minimum": 20454.0, "missing": 0, "rejected": 0, "unlisted": null, "customers": 35, "column_name": "since", "previous_as_of": "2026-02-01T02:00:00+00:00", "stability_index": 0.0}, {"kind": "categorical", "drift": 0.0, "counts": [12, 6, 3, 0, 14], "maximum": null, "minimum": null, "missing": 14, "rejected": 0, "unlisted": 0, "customers": 35, "column_name": "state", "previous_as_of": "2026-02-01T02:00:00+00:00", "stability_index": 0.0}], "eligible": 35, "customers": 35, "embeddings": {"mode": "delta", "table": "customer_embeddings_delta_20260202t020000", "generation": null, "base_generation": 1, "base_published_at": "2026-11-29 20:56:10.575445+00"}, "lookalikes": 105, "recall_low": 1.0, "recall_high": 1.0, "rows_landed": 3, "graph_method": "exact", "rows_undated": 0, "recall_sample": 35, "rows_rejected": 0, "lineage_kmeans": [{"event": "kept", "shared": 16, "to_size": 16, "from_size": 17, "to_cluster_id": 0, "from_cluster_id": 0, "reference_as_of": "2026-02-01T02:00:00+00:00"}, {"event": "kept", "shared": 10, "to_size": 11, "from_size": 11, "to_cluster_id": 1, "from_cluster_id": 1, "reference_as_of": "2026-02-01T02:00:00+00:00"}, {"event": "kept", "shared": 8, "to_size": 8, "from_size": 8, "to_cluster_id": 2, "from_cluster_id": 2, "reference_as_of": "2026-02-01T02:00:00+00:00"}], "relinks_kmeans": 0, "cluster_quality": [{"clusters": 3, "algorithm": "kmeans", "customers": 35, "stability": 0.9034850205258101, "silhouette": 0.2825201915582177, "noise_share": 0.0, "largest_share": 0.45714285714285713, "previous_as_of": "2026-02-01T02:00:00+00:00", "smallest_share": 0.22857142857142856, "silhouette_sample": 35, "stability_customers": 35}, {"clusters": 3, "algorithm": "hdbscan", "customers": 35, "stability": 0.9283758163050347, "silhouette": 0.3769464512493224, "noise_share": 0.3142857142857143, "largest_share": 0.34285714285714286, "previous_as_of": "2026-02-01T02:00:00+00:00", "smallest_share": 0.17142857142857143, "silhouette_sample": 24, "stability_customers": 35}], "clusters_kmeans": {"k": 3, "method": "kmeans", "inertia": 42.956756486020566, "clusters": 3, "noise_share": 0.0}, "lineage_hdbscan": [{"event": "kept", "shared": 12, "to_size": 12, "from_size": 13, "to_cluster_id": 0, "from_cluster_id": 0, "reference_as_of": "2026-02-01T02:00:00+00:00"}, {"event": "kept", "shared": 6, "to_size": 6, "from_size": 7, "to_cluster_id": 1, "from_cluster_id": 1, "reference_as_of": "2026-02-01T02:00:00+00:00"}, {"event": "kept", "shared": 6, "to_size": 6, "from_size": 6, "to_cluster_id": 2, "from_cluster_id": 2, "reference_as_of": "2026-02-01T02:00:00+00:00"}], "relinks_hdbscan": 0, "clusters_hdbscan": {"method": "hdbscan exact", "clusters": 3, "noise_share": 0.3143}, "has_full_extract": false}	{"encode": 0.04, "cluster": 0.24, "extract": 0.03, "publish": 0.04, "clean_up": 0.05, "validate": 0.03, "plan_graph": 0.01, "embed_texts": 0.01, "fit_encoder": 0.01, "merge_graph": 0.04, "quality_gate": 0.03, "search_graph": 0.01, "load_lookalikes": 0.02, "build_embeddings": 0.05, "profile_clusters": 0.08}	2026-11-29 20:56:10.698618+00	\N	\N	f	0	{"encode": 321, "cluster": 321, "extract": 321, "publish": 321, "clean_up": 321, "validate": 321, "plan_graph": 321, "embed_texts": 321, "fit_encoder": 321, "merge_graph": 321, "quality_gate": 321, "search_graph": 321, "load_lookalikes": 321, "build_embeddings": 321, "profile_clusters": 321}	{"encode": 490, "cluster": 460, "plan_graph": 460, "merge_graph": 460, "search_graph": 460, "load_lookalikes": 471, "build_embeddings": 471, "profile_clusters": 487}	\N
\.
COPY kindred.snapshots (as_of, status, history, encoder_version, settings_hash, customers, lookalikes, rows_landed, rows_rejected, recall, recall_low, recall_high, published_at, published_by, center, late_customers, erased_customers) FROM stdin;
2026-02-01 02:00:00+00	published	reconstructed	1	986cd2c32295d753	36	108	0	0	1	1	1	2026-11-29 20:56:10.575445+00	test__2026-02-01T02:00	[5.5879354e-09,2.173086e-09,0.5976143,3.3113692e-09,0.28221625,0.14110813,0.09407208,0,0.3292523]	0	0
2026-02-02 02:00:00+00	published	reconstructed	1	986cd2c32295d753	35	105	3	0	1	1	1	2026-11-29 20:56:11.621516+00	test__2026-02-02T02:00	[-0.0038723156,0.03013011,0.5737097,-0.009812073,0.29027957,0.14513978,0.07256989,0,0.3386595]	0	0
\.
COPY kindred.suppressed (key_hash, secret_fingerprint) FROM stdin;
\.
COPY kindred.text_embeddings (model, text_hash, embedding) FROM stdin;
\.
COPY shop.customers (customer_id, updated_at, income, age, since, is_active, state, churned) FROM stdin;
1	2026-01-01 12:00:00+00	20691.17	27	2026-01-01	t	\N	f
2	2026-01-02 12:00:01+00	41810.71	43	2026-01-02	f	NY	t
5	2026-01-05 12:00:04+00	20079.44	23	2026-01-05	f	NY	t
6	2026-01-06 12:00:05+00	40016.28	35	2026-01-06	f	NY	f
8	2026-01-08 12:00:07+00	80427.29	68	2026-01-08	t	\N	t
9	2026-01-09 12:00:08+00	17775.96	24	2026-01-09	f	\N	f
10	2026-01-10 12:00:09+00	41326.13	42	2026-01-10	f	TX	t
11	2026-01-11 12:00:10+00	60218.03	57	2026-01-11	t	\N	t
12	2026-01-12 12:00:11+00	78110.5	70	2026-01-12	t	TX	f
13	2026-01-13 12:00:12+00	18987.42	25	2026-01-13	f	\N	f
14	2026-01-14 12:00:13+00	38363.54	40	2026-01-14	t	\N	t
15	2026-01-15 12:00:14+00	57856.43	56	2026-01-15	f	\N	t
16	2026-01-16 12:00:15+00	79372.2	74	2026-01-16	t	CA	f
17	2026-01-17 12:00:16+00	17785.25	29	2026-01-17	f	NY	f
18	2026-01-18 12:00:17+00	41519.04	44	2026-01-18	t	\N	t
19	2026-01-19 12:00:18+00	59404.95	57	2026-01-19	t	NY	t
20	2026-01-20 12:00:19+00	81791.77	69	2026-01-20	f	\N	f
21	2026-01-01 12:00:20+00	19108.34	22	2026-01-01	f	CA	t
22	2026-01-02 12:00:21+00	37609.67	38	2026-01-02	f	CA	t
23	2026-01-03 12:00:22+00	59997.9	57	2026-01-03	f	NY	t
24	2026-01-04 12:00:23+00	80512.97	70	2026-01-04	t	CA	t
25	2026-01-05 12:00:24+00	15498.29	23	2026-01-05	f	TX	f
26	2026-01-06 12:00:25+00	40665.63	36	2026-01-06	f	NY	f
27	2026-01-07 12:00:26+00	61338.31	52	2026-01-07	t	NY	t
28	2026-01-08 12:00:27+00	76971.36	65	2026-01-08	t	CA	t
29	2026-01-09 12:00:28+00	20288.51	29	2026-01-09	f	\N	t
30	2026-01-10 12:00:29+00	40027.5	35	2026-01-10	f	NY	t
31	2026-01-11 12:00:30+00	61331.78	54	2026-01-11	f	\N	t
32	2026-01-12 12:00:31+00	81233.76	70	2026-01-12	t	NY	t
33	2026-01-13 12:00:32+00	21177.94	21	2026-01-13	f	NY	f
34	2026-01-14 12:00:33+00	41064	43	2026-01-14	f	\N	f
35	2026-01-15 12:00:34+00	58310.66	53	2026-01-15	f	\N	f
36	2026-01-16 12:00:35+00	77752.27	65	2026-01-16	t	NY	t
37	2026-01-01 12:00:00+00	NaN	30	\N	t	CA	f
3	2026-02-01 12:00:00+00	121458.28	50	2026-01-03	f	CA	f
4	2026-02-01 12:00:00+00	157054.18	69	2026-01-04	t	\N	t
\.
SELECT pg_catalog.setval('kindred.encoder_versions_version_seq', 1, true);
SELECT pg_catalog.setval('kindred.erasure_requests_number_seq', 1, false);
SELECT pg_catalog.setval('kindred.index_builds_generation_seq', 1, true);
ALTER TABLE ONLY kindred.applied_migrations
    ADD CONSTRAINT applied_migrations_pkey PRIMARY KEY (name);
ALTER TABLE ONLY kindred.cluster_ids
    ADD CONSTRAINT cluster_ids_algorithm_born_as_of_birth_order_key UNIQUE (algorithm, born_as_of, birth_order);
ALTER TABLE ONLY kindred.cluster_ids
    ADD CONSTRAINT cluster_ids_pkey PRIMARY KEY (algorithm, cluster_id);
ALTER TABLE ONLY kindred.cluster_lineage
    ADD CONSTRAINT cluster_lineage_as_of_algorithm_from_cluster_id_to_cluster__key UNIQUE NULLS NOT DISTINCT (as_of, algorithm, from_cluster_id, to_cluster_id);
ALTER TABLE ONLY kindred.cluster_profiles
    ADD CONSTRAINT cluster_profiles_pkey PRIMARY KEY (as_of, algorithm, label);
ALTER TABLE ONLY kindred.cluster_quality
    ADD CONSTRAINT cluster_quality_pkey PRIMARY KEY (as_of, algorithm);
ALTER TABLE ONLY kindred.column_quality
    ADD CONSTRAINT column_quality_pkey PRIMARY KEY (as_of, column_name);
ALTER TABLE ONLY kindred.current_snapshot
    ADD CONSTRAINT current_snapshot_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY kindred.customer_clusters
    ADD CONSTRAINT customer_clusters_pkey PRIMARY KEY (as_of, algorithm, customer_id);
ALTER TABLE ONLY kindred.customer_clusters_20260201t020000
    ADD CONSTRAINT customer_clusters_20260201t020000_next_pkey PRIMARY KEY (as_of, algorithm, customer_id);
ALTER TABLE ONLY kindred.customer_clusters_20260202t020000
    ADD CONSTRAINT customer_clusters_20260202t020000_next_pkey PRIMARY KEY (as_of, algorithm, customer_id);
ALTER TABLE ONLY kindred.customer_embeddings_g1
    ADD CONSTRAINT customer_embeddings_g1_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY kindred.customer_lookalikes
    ADD CONSTRAINT customer_lookalikes_pkey PRIMARY KEY (as_of, customer_id, rank);
ALTER TABLE ONLY kindred.customer_lookalikes_20260201t020000
    ADD CONSTRAINT customer_lookalikes_20260201t020000_next_pkey PRIMARY KEY (as_of, customer_id, rank);
ALTER TABLE ONLY kindred.customer_lookalikes_20260202t020000
    ADD CONSTRAINT customer_lookalikes_20260202t020000_next_pkey PRIMARY KEY (as_of, customer_id, rank);
ALTER TABLE ONLY kindred.customer_versions
    ADD CONSTRAINT customer_versions_pkey PRIMARY KEY (customer_id, updated_at);
ALTER TABLE ONLY kindred.encoder_versions
    ADD CONSTRAINT encoder_versions_pkey PRIMARY KEY (version);
ALTER TABLE ONLY kindred.encoder_versions
    ADD CONSTRAINT encoder_versions_spec_hash_fitted_as_of_key UNIQUE (spec_hash, fitted_as_of);
ALTER TABLE ONLY kindred.erasure_requests
    ADD CONSTRAINT erasure_requests_pkey PRIMARY KEY (number);
ALTER TABLE ONLY kindred.extracted_windows
    ADD CONSTRAINT extracted_windows_pkey PRIMARY KEY (window_end);
ALTER TABLE ONLY kindred.index_builds
    ADD CONSTRAINT index_builds_pkey PRIMARY KEY (generation);
ALTER TABLE ONLY kindred.index_checks
    ADD CONSTRAINT index_checks_pkey PRIMARY KEY (as_of);
ALTER TABLE ONLY kindred.kmeans_centers
    ADD CONSTRAINT kmeans_centers_pkey PRIMARY KEY (encoder_version, settings);
ALTER TABLE ONLY kindred.loaded_parts
    ADD CONSTRAINT loaded_parts_pkey PRIMARY KEY (table_name, part);
ALTER TABLE ONLY kindred.rejected_rows
    ADD CONSTRAINT rejected_rows_pkey PRIMARY KEY (row_hash, reason);
ALTER TABLE ONLY kindred.relinks
    ADD CONSTRAINT relinks_pkey PRIMARY KEY (number);
ALTER TABLE ONLY kindred.run_notes
    ADD CONSTRAINT run_notes_pkey PRIMARY KEY (as_of);
ALTER TABLE ONLY kindred.snapshot_builds
    ADD CONSTRAINT snapshot_builds_pkey PRIMARY KEY (as_of);
ALTER TABLE ONLY kindred.snapshots
    ADD CONSTRAINT snapshots_pkey PRIMARY KEY (as_of);
ALTER TABLE ONLY kindred.suppressed
    ADD CONSTRAINT suppressed_pkey PRIMARY KEY (key_hash);
ALTER TABLE ONLY kindred.text_embeddings
    ADD CONSTRAINT text_embeddings_pkey PRIMARY KEY (model, text_hash);
CREATE INDEX cluster_profiles_algorithm_cluster_id_as_of_idx ON kindred.cluster_profiles USING btree (algorithm, cluster_id, as_of);
CREATE INDEX customer_clusters_as_of_algorithm_cluster_id_idx ON ONLY kindred.customer_clusters USING btree (as_of, algorithm, cluster_id);
CREATE INDEX customer_clusters_20260201t02000_as_of_algorithm_cluster_id_idx ON kindred.customer_clusters_20260201t020000 USING btree (as_of, algorithm, cluster_id);
CREATE INDEX customer_clusters_20260202t02000_as_of_algorithm_cluster_id_idx ON kindred.customer_clusters_20260202t020000 USING btree (as_of, algorithm, cluster_id);
CREATE INDEX customer_lookalikes_as_of_lookalike_id_idx ON ONLY kindred.customer_lookalikes USING btree (as_of, lookalike_id);
CREATE INDEX customer_lookalikes_20260201t020000_next_as_of_lookalike_id_idx ON kindred.customer_lookalikes_20260201t020000 USING btree (as_of, lookalike_id);
CREATE INDEX customer_lookalikes_20260202t020000_next_as_of_lookalike_id_idx ON kindred.customer_lookalikes_20260202t020000 USING btree (as_of, lookalike_id);
CREATE INDEX snapshots_status_as_of_idx ON kindred.snapshots USING btree (status, as_of);
ALTER INDEX kindred.customer_clusters_pkey ATTACH PARTITION kindred.customer_clusters_20260201t020000_next_pkey;
ALTER INDEX kindred.customer_clusters_as_of_algorithm_cluster_id_idx ATTACH PARTITION kindred.customer_clusters_20260201t02000_as_of_algorithm_cluster_id_idx;
ALTER INDEX kindred.customer_clusters_pkey ATTACH PARTITION kindred.customer_clusters_20260202t020000_next_pkey;
ALTER INDEX kindred.customer_clusters_as_of_algorithm_cluster_id_idx ATTACH PARTITION kindred.customer_clusters_20260202t02000_as_of_algorithm_cluster_id_idx;
ALTER INDEX kindred.customer_lookalikes_as_of_lookalike_id_idx ATTACH PARTITION kindred.customer_lookalikes_20260201t020000_next_as_of_lookalike_id_idx;
ALTER INDEX kindred.customer_lookalikes_pkey ATTACH PARTITION kindred.customer_lookalikes_20260201t020000_next_pkey;
ALTER INDEX kindred.customer_lookalikes_as_of_lookalike_id_idx ATTACH PARTITION kindred.customer_lookalikes_20260202t020000_next_as_of_lookalike_id_idx;
ALTER INDEX kindred.customer_lookalikes_pkey ATTACH PARTITION kindred.customer_lookalikes_20260202t020000_next_pkey;
ALTER TABLE ONLY kindred.kmeans_centers
    ADD CONSTRAINT kmeans_centers_encoder_version_fkey FOREIGN KEY (encoder_version) REFERENCES kindred.encoder_versions(version);

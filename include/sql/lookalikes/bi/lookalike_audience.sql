-- The customers most like a group of seeds, by the cosine between a customer's direction from the centroid
-- of all customers and the mean direction of the seeds. Reads the serving generation by its number, as
-- similar_customers does. min_seeds can only be raised: an audience of one seed would reveal that customer.
-- A snapshot published before centroids were stored has its centroid computed here. With private features
-- the public part of the vectors is scored: whoever chooses the seeds could find out the rest.
create or replace function {bi}.lookalike_audience(ids {key_type}[], n integer default 1000, min_seeds integer default 20)
returns table (rank bigint, customer_id {key_type}, score double precision, percentile double precision)
language plpgsql stable security definer
set standard_conforming_strings = on
set array_nulls = on
{own_relations}
set search_path = pg_catalog, {space}, pg_temp
as $function$
declare
  least_seeds constant integer := 20;
  most_ids constant integer := 100000;
  most_bytes constant integer := 33554432;
  most_customers constant integer := 1000000;
  shortest_direction constant double precision := 1e-6;  -- as benchmarks/audience_scores.py
  wanted {key_type}[];
  serving record;
  hidden constant text[] := (select shown.hidden from reader_settings as shown);
  is_hidden constant boolean := hidden <> '{{}}';
  seeds record;
  origin {extension}.vector;
  mask {extension}.vector;
  part text := 'embedding';
begin
  if n is null or n < 1 or n > most_customers then
    raise exception 'n is %, but must be at least 1 and at most %', n, most_customers;
  end if;
  if cardinality(ids) > most_ids or pg_column_size(ids) > most_bytes then
    raise exception 'ids holds % values of % bytes, but at most % values and % bytes are allowed',
      cardinality(ids), pg_column_size(ids), most_ids, most_bytes
      using hint = 'Give a sample of the customers: the mean of thousands is as good.';
  end if;
  wanted := array(select distinct id from unnest(ids) as id where id is not null);
  if cardinality(wanted) = 0 then
    raise exception 'ids holds no customer: give the ids of at least % customers', least_seeds;
  end if;
  if min_seeds is null or min_seeds < least_seeds then
    raise exception 'min_seeds is %, but must be at least %: it can be raised, not lowered', min_seeds, least_seeds;
  end if;
  select published.as_of, published.encoder_version, snapshots.center, builds.table_name into serving
  from current_snapshot as published
  join snapshots using (as_of)
  join index_builds as builds using (generation);
  if not found then
    return;
  end if;
  if is_hidden then
    mask := public_mask(serving.encoder_version, hidden)::{extension}.vector;
    part := format('(embedding operator(%I.*) $2)', {extension_name});
  end if;
  execute format(
    'select count(*) as known, %2$I.avg(%3$s) as middle, avg(%2$I.vector_norm(%3$s)) as length'
    ' from %1$I where customer_id = any ($1)',
    serving.table_name,
    {extension_name},
    part
  ) into seeds using wanted, mask;
  if seeds.known < min_seeds then
    raise exception 'too few seeds: % of the % different ids are customers of snapshot %, % are needed',
      seeds.known, cardinality(wanted), serving.as_of, min_seeds
      using hint = 'Give more customers, or see bi.snapshots for the current snapshot.';
  end if;
  origin := serving.center;
  if origin is null then
    execute format('select %I.avg(embedding) from %I', {extension_name}, serving.table_name) into origin;
  end if;
  if is_hidden then
    origin := origin operator({extension}.*) mask;
  end if;
  if {extension}.vector_norm(seeds.middle operator({extension}.-) origin) <= shortest_direction * seeds.length then
    raise exception 'the mean of the % known seeds is the centroid of all customers: nobody is more like them than anybody else', seeds.known
      using hint = 'Give customers that have something in common.';
  end if;
  return query execute format(
    $query$
      with scored as (
        select customer_id as found_id, coalesce(nullif(1 - ((%3$s operator(%2$I.-) $4) operator(%2$I.<=>) $5), 'NaN'), 0) as score
        from %1$I
      ),
      ranked as (
        select found_id, score, rank() over (order by score) - 1 as lower, count(*) over () as everyone
        from scored
      )
      select
        row_number() over (order by ranked.score desc, found_id),
        found_id::{key_type},
        case when $6 then round(score::numeric, 2)::double precision else score end,
        case
          when $6 then round(100.0 * lower / everyone)::double precision
          else 100.0::double precision * lower / everyone
        end
      from ranked
      where found_id <> all ($1)
      order by ranked.score desc, found_id
      limit $3
    $query$,
    serving.table_name,
    {extension_name},
    part
  ) using wanted, mask, n, origin, seeds.middle operator({extension}.-) origin, is_hidden;
end
$function$;

comment on function {bi}.lookalike_audience is
  'The n other customers most like these now, with a score (cosine, -1 to 1) and a percentile (share of all customers who score lower, 0 to 100). At least min_seeds of the ids must be customers. With private features: by the other columns, in whole percents. For questions of the moment: a trained audience (audience_members, docs/audiences.md) finds more of the right people, says how right it is, and holds a control group back.';

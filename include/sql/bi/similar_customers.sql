-- The k customers most similar to one, by the index of the current embeddings and its measured probes.
-- Reads through the generation's number, so that a publish never waits for a reader. Where the lists
-- probed hold fewer than k customers, the scan goes on to the next ones. Settings are put back: they
-- must not leak into the caller's transaction.
create or replace function {bi}.similar_customers(customer_id {key_type}, k integer default 10)
returns table (similar_id {key_type}, distance double precision, similarity double precision)
language plpgsql stable security definer
set search_path = {space}, {extension}, pg_temp
as $function$
declare
  serving record;
  probes_before text := current_setting('ivfflat.probes', true);
  scan_before text := current_setting('ivfflat.iterative_scan', true);
  seqscan_before text := current_setting('enable_seqscan');
begin
  if k is null or k < 1 then
    raise exception 'k is %, but must be at least 1', k;
  end if;
  select builds.generation, builds.probes, builds.table_name into serving
  from current_snapshot as published
  join index_builds as builds using (generation);
  if not found then
    return;
  end if;
  if serving.probes is not null then
    perform set_config('ivfflat.probes', serving.probes::text, true);
    perform set_config('ivfflat.iterative_scan', 'relaxed_order', true);
    perform set_config('enable_seqscan', 'off', true);
  end if;
  return query execute format(
    $query$
      with near as materialized (
        select e.customer_id as found_id, e.embedding {operator} s.embedding as distance
        from (select embedding from %1$I where customer_id = $1) as s
        cross join lateral (
          select customer_id, embedding from %1$I order by embedding {operator} s.embedding limit $2 + 1
        ) as e
      )
      select found_id::{key_type}, distance, {similarity}
      from near
      where found_id <> $1 and distance <> 'NaN'  -- a zero vector has no cosine
      order by distance, found_id
      limit $2
    $query$,
    serving.table_name
  ) using customer_id, k;
  perform set_config('ivfflat.probes', coalesce(nullif(probes_before, ''), '1'), true);
  perform set_config('ivfflat.iterative_scan', coalesce(nullif(scan_before, ''), 'off'), true);
  perform set_config('enable_seqscan', seqscan_before, true);
end
$function$;

comment on function {bi}.similar_customers is
  'The k customers most similar to one customer now: id, distance by the metric, similarity.';

-- Segments of the current embeddings for any k, computed by PL/Python inside the database. Reads the
-- serving generation by its number, as similar_customers does, so that a publish never waits for it. With
-- private features it is refused: clusters of any number of customers would show who is next to whom.
create or replace function {bi}.cluster_customers(k integer)
returns table (customer_id {key_type}, cluster integer)
language plpgsql stable security definer
set standard_conforming_strings = on
set array_nulls = on
{own_relations}
set search_path = pg_catalog, {space}, pg_temp
as $function$
declare
  most_clusters constant integer := 1000;
  serving record;
  shown record;
begin
  if k is null or k < 1 or k > most_clusters then
    raise exception 'k is %, but must be at least 1 and at most %', k, most_clusters;
  end if;
  select metric = 'cosine' as is_cosine, memory_mb, hidden into shown from reader_settings;
  if shown.hidden <> '{{}}' then
    raise exception 'cluster_customers compares customers by all columns, but % are private', array_to_string(shown.hidden, ', ')
      using hint = 'Use the segments of clusters_current, or say publish_distances: true in the spec.';
  end if;
  select builds.table_name into serving
  from current_snapshot as published
  join index_builds as builds using (generation);
  if not found then
    return;
  end if;
  return query
    select found.customer_id::{key_type}, found.cluster
    from plpython_kindred.cluster_vectors(quote_ident(serving.table_name)::regclass, k, shown.is_cosine, shown.memory_mb)
      as found (customer_id customer_key, cluster integer, membership real);
end
$function$;

comment on function {bi}.cluster_customers is
  'Every customer''s cluster now, by k-means with k clusters inside the database; 0 is the largest. Computed anew by each call: the numbers name no lasting segments.';

-- Reject a segment that a snapshot does not have.
create or replace function {space}.check_segment(snapshot timestamptz, algorithm text, cluster_id integer) returns void
language plpgsql stable
as $function$
declare
  known text;
  hidden text[] := (select hidden_algorithms from shown_snapshots where as_of = snapshot);
  stored timestamptz := (select stored_as_of from shown_snapshots where as_of = snapshot);
begin
  if hidden is null or check_segment.algorithm = any (hidden)
    or not exists (select from customer_clusters as c where c.as_of = stored and c.algorithm = check_segment.algorithm)
  then
    select string_agg(distinct c.algorithm, ', ') into known
    from customer_clusters as c
    where c.as_of = stored and c.algorithm <> all (hidden);
    raise exception 'algorithm is "%", the current snapshot has segments by %', left(algorithm, 100), coalesce(known, 'none')
      using hint = 'Give algorithm and cluster_id as bi.clusters_current shows them.';
  end if;
  if not exists (
    select from customer_clusters as c
    where c.as_of = stored and c.algorithm = check_segment.algorithm and c.cluster_id = check_segment.cluster_id
  ) then
    select string_agg(id::text, ', ' order by id) into known from (
      select distinct c.cluster_id as id
      from customer_clusters as c
      where c.as_of = stored and c.algorithm = check_segment.algorithm
      order by id limit 50
    ) as ids;
    raise exception 'cluster_id is %, the segments by % are %', cluster_id, algorithm, known
      using hint = 'Give algorithm and cluster_id as bi.clusters_current shows them.';
  end if;
end
$function$;

-- Tables with a partition per snapshot have no keys of their own any more: those of a partition leave as_of out,
-- which is the same in all of its rows. So the keys are built in half the time and are a fifth smaller. Dropping a
-- parent's key drops that of its partitions, unless they are detached meanwhile: those that exist keep theirs.
-- One whose detach is pending is about to be dropped.
do $block$
declare
  parent regclass;
  partition record;
  partitions jsonb;
  found record;
begin
  foreach parent in array array[
    'customer_lookalikes', 'public_lookalikes', 'customer_clusters',
    'customer_behaviour', 'customer_recommendations', 'audience_members'
  ]::regclass[] loop
    select coalesce(jsonb_agg(jsonb_build_array(child.oid::regclass::text, pg_get_expr(child.relpartbound, child.oid))), '[]')
    into partitions
    from pg_inherits
    join pg_class as child on child.oid = inhrelid
    where inhparent = parent and not inhdetachpending;
    for partition in select value ->> 0 as name from jsonb_array_elements(partitions) loop
      execute format('alter table %s detach partition %s', parent, partition.name);
    end loop;
    for found in select conname as name from pg_constraint where conrelid = parent and contype = 'p' loop
      execute format('alter table %s drop constraint %I', parent, found.name);
    end loop;
    for found in select indexrelid::regclass as name from pg_index where indrelid = parent loop
      execute format('drop index %s', found.name);
    end loop;
    for partition in select value ->> 0 as name, value ->> 1 as bound from jsonb_array_elements(partitions) loop
      execute format('alter table %s attach partition %s %s', parent, partition.name, partition.bound);
    end loop;
  end loop;
end
$block$;

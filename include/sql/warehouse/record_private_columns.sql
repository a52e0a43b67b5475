-- Hide columns from now on, until a build that began later publishes them as no longer private.
insert into private_columns (column_name)
select unnest(%(private)s::text[])
on conflict (column_name) do update
set demanded_at = excluded.demanded_at;

-- The views of bi show keys as plain types, no longer as the domain customer_key. The type of a view's column
-- cannot be replaced: the views are dropped here and made again. What BI built on them stays, and stops this.
do $block$
declare
  shown text;
  blocked text;
begin
  for shown in
    select distinct attrelid::regclass::text
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'v'
      and atttypid = 'customer_key'::regtype
      and nspname = regexp_replace(current_schema(), '^kindred', 'bi')
      and pg_has_role(relowner, 'usage')
  loop
    begin
      execute format('drop view %s', shown);
    exception when dependent_objects_still_exist then
      get stacked diagnostics blocked = pg_exception_detail;
      raise exception 'view % must be made again, because its keys become plain values instead of a domain: %', shown, blocked
        using hint = 'Drop these objects, run again, then create them again.';
    end;
  end loop;
end
$block$;

-- Delete these extremes from the facts of builds too.
update snapshot_builds
set facts = jsonb_set(facts, '{{quality}}', (
  select coalesce(jsonb_agg(
    case when exists (
      select from erased_values as own
      where own.column_name = entry ->> 'column_name'
        and own.value in ((entry ->> 'minimum')::float8, (entry ->> 'maximum')::float8)
    ) then entry || '{{"minimum": null, "maximum": null}}' else entry end
    order by position
  ), '[]')
  from jsonb_array_elements(facts -> 'quality') with ordinality as noted (entry, position)
))
where jsonb_typeof(facts -> 'quality') = 'array' and exists (select from erased_values);

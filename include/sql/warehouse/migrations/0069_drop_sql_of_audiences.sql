-- Digests stand for the SQL of audience files, since ids may stand in it, and erasure cannot find them there. The digest
-- is that of the population, so that what has been resolved is found again.
create function settings_without_sql(settings jsonb) returns jsonb language sql immutable as $function$
  select settings || coalesce(jsonb_object_agg(found.role, found.population || jsonb_build_object(found.key, found.digest)), '{{}}')
  from (
    select
      given.role, given.population, case when given.population ->> 'query' is null then 'where' else 'query' end as key,
      'digest:' || left(encode(sha256(convert_to(given.canonical, 'UTF8')), 'hex'), 16) as digest
    from (
      select
        roles.role, settings -> roles.role as population,
        (
          select '{{' || string_agg(to_json(part.key)::text || ':' || part.value::text, ',' order by part.key collate "C") || '}}'
          from jsonb_each(settings -> roles.role) as part
          where jsonb_typeof(part.value) <> 'null'
        ) as canonical
      from unnest(array['seed', 'contacted', 'exclude']) as roles (role)
      where jsonb_typeof(settings -> roles.role) = 'object'
    ) as given
    where coalesce(given.population ->> 'query', given.population ->> 'where') not like 'digest:%'
  ) as found
$function$;

update audiences set settings = settings_without_sql(settings) where jsonb_typeof(settings) = 'object';

update snapshot_builds
set facts = facts || (
  select jsonb_object_agg(lists.name, lists.entries)
  from (
    select
      named.name,
      jsonb_agg(
        case
          when jsonb_typeof(entry.value -> 'settings') = 'object'
            then entry.value || jsonb_build_object('settings', settings_without_sql(entry.value -> 'settings'))
          else entry.value
        end
        order by entry.position
      ) as entries
    from unnest(array['audiences', 'audience_rows']) as named (name)
    cross join lateral jsonb_array_elements(facts -> named.name) with ordinality as entry (value, position)
    group by named.name
  ) as lists
)
where facts -> 'audiences' <> '[]' and jsonb_typeof(facts -> 'audiences') = 'array';

drop function settings_without_sql(jsonb);

comment on column audiences.settings is 'Its file as it was read, with digests in place of SQL; null if it could not be.';

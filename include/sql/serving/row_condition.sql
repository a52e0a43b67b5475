-- Build an SQL condition on a customer's raw row "version" from a filter in JSON: per column a value,
-- a list of values, or a range with min and max; null selects rows without a value. Names and values
-- are quoted here, and values are cast to the column's type: no input of a caller is run as SQL.
create or replace function {space}.row_condition(wish jsonb, allowed text[]) returns text
language plpgsql stable
as $function$
declare
  most_bytes constant integer := 262144;
  most_values constant integer := 1000;  -- of one column
  parts text[];
  name text;
  wanted jsonb;
  is_range boolean;
  elements jsonb;
  type_name text;
  given text[];
begin
  if pg_column_size(wish) > most_bytes then
    raise exception 'condition takes % bytes, but at most % are allowed', pg_column_size(wish), most_bytes
      using hint = 'Give fewer values, or join the result with what selects the customers.';
  end if;
  if jsonb_typeof(wish) <> 'object' then
    raise exception 'condition is %, but must be an object such as {{"income": {{"min": 50000}}}}', left(wish::text, 200);
  end if;
  for name, wanted in select * from jsonb_each(wish) loop
    select format_type(atttypid, -1) into type_name
    from pg_attribute
    where attrelid = to_regclass('customer_versions') and attname = name and name = any (allowed);
    if not found then
      raise exception 'condition names column "%", allowed are %', left(name, 100), array_to_string(allowed, ', ')
        using hint = 'Allowed are the features and labels of the spec that are not private.';
    end if;
    is_range := jsonb_typeof(wanted) = 'object';
    elements := case jsonb_typeof(wanted)
      when 'array' then wanted
      when 'object' then jsonb_path_query_array(wanted, '$.*')
      else jsonb_build_array(wanted)
    end;
    if jsonb_array_length(elements) > most_values then
      raise exception 'condition on column "%" has % values, but at most % are allowed', name, jsonb_array_length(elements), most_values
        using hint = 'Give fewer values, or join the result with what selects the customers.';
    end if;
    if (is_range and (elements = '[]' or wanted - array['min', 'max'] <> '{{}}'))
      or exists (
        select from jsonb_array_elements(elements) as element
        where jsonb_typeof(element) in ('object', 'array') or (is_range and jsonb_typeof(element) = 'null')
      )
    then
      raise exception 'condition on column "%" is %, allowed are a value, a list of values, or {{"min": a, "max": b}}', name, left(wanted::text, 200);
    end if;
    given := array(select jsonb_array_elements_text(elements));
    begin
      execute format('select %L::%s[]', given, type_name);
    exception when data_exception then
      raise exception 'condition on column "%": %', name, left(sqlerrm, 200) using hint = format('The column is of type %s.', type_name);
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
$function$;

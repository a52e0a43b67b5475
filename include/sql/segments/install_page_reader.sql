-- For an administrator, once per space: a function that reads pages of the space's IVFFlat indexes over
-- embeddings, and of nothing else. Only the owner of the warehouse may call it. pageinspect itself
-- reads any page of any table, so it needs a superuser; the function has its creator's privileges.
create extension if not exists pageinspect schema {pageinspect};
create schema if not exists {space} authorization {owner};

create or replace function {space}.read_index_page(index_name text, block_number bigint) returns bytea
language plpgsql
stable strict security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
  perform from pg_class as class
  join pg_namespace as schemas on schemas.oid = class.relnamespace
  join pg_am as methods on methods.oid = class.relam
  join pg_index as indexes on indexes.indexrelid = class.oid
  join pg_class as tables on tables.oid = indexes.indrelid
  where schemas.nspname = {space_name}
    and class.relname = index_name
    and methods.amname = 'ivfflat'
    and tables.relname ~ '^customer_embeddings_g[0-9]+$';
  if not found then
    raise exception '% is no IVFFlat index over the embeddings of schema %', index_name, {space_name}
      using errcode = 'insufficient_privilege';
  end if;
  return {pageinspect}.get_raw_page(format('%I.%I', {space_name}, index_name), 'main'::text, block_number);
end
$function$;

comment on function {space}.read_index_page(text, bigint) is 'A page of an IVFFlat index over embeddings: for segments by IVFFlat lists.';
revoke execute on function {space}.read_index_page(text, bigint) from public;
grant execute on function {space}.read_index_page(text, bigint) to {owner};

-- Session settings for every connection: times in UTC; a backend that notices within 5 seconds that its
-- client was killed; and, for a space's schema (if given), a search path with its own tables first, then
-- pgvector's types and operators. The last column is whether pgvector's types can be used.
select
  set_config('timezone', 'UTC', false),
  set_config('client_connection_check_interval', '5s', false),
  set_config('client_min_messages', 'warning', false),
  case when %(schema)s::text is not null then
    set_config(
      'search_path',
      concat_ws(
        ', ',
        quote_ident(%(schema)s),
        coalesce(
          (select extnamespace::regnamespace::text from pg_extension where extname = 'vector'),
          'public'
        ),
        'pg_temp'
      ),
      false
    )
  end,
  %(schema)s::text is not null and exists (
    select from pg_extension
    where extname = 'vector' and has_schema_privilege(extnamespace, 'usage')
  ) as has_vectors;

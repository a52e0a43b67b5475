-- Session settings for every connection, whatever its role or database would set: times in UTC, a backend
-- that notices within 5 seconds that its client was killed, no limits on waits and transactions, values in
-- one form, and, for a space's schema (if given), a search path with its own tables first, then pgvector's
-- types. The last columns are whether the session can only read, whether the server is a standby, and
-- whether pgvector's types can be used.
select
  set_config('timezone', 'UTC', false),
  set_config('client_connection_check_interval', '5s', false),
  set_config('client_min_messages', 'warning', false),
  set_config('idle_in_transaction_session_timeout', '0', false),
  set_config('lock_timeout', '0', false),
  case
    when current_setting('transaction_timeout', true) is not null
      then set_config('transaction_timeout', '0', false)
  end,
  -- A setting of some minor releases on: it forbids views and foreign tables of which the work is made.
  case
    when current_setting('restrict_nonsystem_relation_kind', true) is not null
      then set_config('restrict_nonsystem_relation_kind', '', false)
  end,
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('default_transaction_deferrable', 'off', false),
  set_config('standard_conforming_strings', 'on', false),
  set_config('extra_float_digits', '1', false),
  set_config('intervalstyle', 'postgres', false),
  set_config('bytea_output', 'hex', false),
  set_config('quote_all_identifiers', 'off', false),
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
  current_setting('transaction_read_only')::boolean as is_read_only,
  pg_is_in_recovery() as is_standby,
  %(schema)s::text is not null and exists (
    select from pg_extension
    where extname = 'vector' and has_schema_privilege(extnamespace, 'usage')
  ) as has_vectors;

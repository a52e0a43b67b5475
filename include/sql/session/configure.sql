-- Session settings that every connection wants: times in UTC, the given search path (where there is
-- one), and a backend that notices within 5 seconds that its client was killed.
select
  set_config('timezone', 'UTC', false),
  set_config('client_connection_check_interval', '5s', false),
  set_config('client_min_messages', 'warning', false),
  case when %(search_path)s <> '' then set_config('search_path', %(search_path)s, false) end;

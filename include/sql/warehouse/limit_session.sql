-- Settings of a session in a source: it writes nothing, and a statement takes at most so many
-- milliseconds (0: no limit).
select
  set_config('default_transaction_read_only', 'on', false),
  set_config('statement_timeout', %(milliseconds)s::text, false);

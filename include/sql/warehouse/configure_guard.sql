-- A session that holds locks is idle in its transaction for as long as a stage works: no setting of the role
-- may end it.
select set_config(name, '0', false)
from pg_settings
where name in ('idle_in_transaction_session_timeout', 'statement_timeout', 'transaction_timeout');

-- The table of the events of one name. What a landing finds gone or changed is withdrawn; a snapshot uses the others
-- that happened before it, whenever they arrived.
create table {table} (
  customer_id customer_key not null,
  at timestamptz not null,
  identity uuid not null,
  landed_at timestamptz not null,
  withdrawn_at timestamptz
) partition by range (at);

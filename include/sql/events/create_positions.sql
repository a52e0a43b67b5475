-- The customers whose events are read, with their positions.
create temporary table {positions} (customer_id customer_key not null, position integer not null);

-- Collects whose events change, and when they happened, while they land.
create temporary table changed_events (customer_id customer_key, at timestamptz, is_new boolean) on commit drop;

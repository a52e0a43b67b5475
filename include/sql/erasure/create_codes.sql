-- Collects the texts of events that nobody else has; for one erasure.
create temporary table erased_codes (event text, column_name text, code integer) on commit drop;

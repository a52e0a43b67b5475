-- rejected_events in a fixed order, for its hash.
select event, row_hash, reason, customer_id, at, raw::text, source_rows
from rejected_events
order by event, row_hash, reason collate "C"

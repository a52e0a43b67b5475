-- rejected_rows in a fixed order, for its hash.
select row_hash, reason, customer_id, updated_at, raw::text from rejected_rows order by row_hash, reason collate "C"

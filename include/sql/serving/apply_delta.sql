-- Update the serving generation to a new snapshot: delete, insert and change customers.
-- In key order, so that pages of the table and of its key are visited sequentially.
merge into {table} as serving
using (select customer_id, embedding, updated_at, encoder_version from {delta} order by customer_id) as change
on change.customer_id = serving.customer_id
when matched and change.embedding is null then delete
when matched then
  update set embedding = change.embedding, updated_at = change.updated_at, encoder_version = change.encoder_version
when not matched and change.embedding is not null then
  insert (customer_id, embedding, updated_at, encoder_version)
  values (change.customer_id, change.embedding, change.updated_at, change.encoder_version);

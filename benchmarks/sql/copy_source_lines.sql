-- The events of all source lines that have not landed, as a landing leaves them.
insert into events_purchases (customer_id, at, identity, landed_at, item, amount, quantity, "code channel")
select
  customer_id, at, md5(row(line_id)::text)::uuid, %(landed_at)s::timestamptz, items.code, price, quantity, channels.code
from public.order_lines
join event_values as items on items.event = 'purchases' and items.column_name = 'item' and items.value = product_id::text
join event_values as channels on channels.event = 'purchases' and channels.column_name = 'code channel' and channels.value = channel
where line_id >= %(first)s;

-- One line in a thousand of the last two days gets another amount; one in two hundred of a month ago is gone.
with changed as (
  update public.order_lines set price = price + 1
  where at >= %(until)s::timestamptz - interval '2 days' and line_id %% 1000 = 7
)
delete from public.order_lines
where at >= %(until)s::timestamptz - interval '30 days' and at < %(until)s::timestamptz - interval '29 days' and line_id %% 200 = 3;

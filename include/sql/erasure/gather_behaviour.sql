-- Collect the customer's values of the features of events, in every snapshot: they may be extremes too.
insert into erased_values (column_name, value)
select distinct feature.name, behaviour.numbers[feature.place]
from customer_behaviour as behaviour
join snapshots using (as_of)
cross join lateral (
  select named.key as name, (row_number() over (order by named.position))::integer as place
  from json_each(snapshots.settings -> 'features') with ordinality as named (key, value, position)
  where named.value -> 'of' is not null
) as feature
where behaviour.customer_id = (select customer_id from erasure_requests where number = %(request)s);

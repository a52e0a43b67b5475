-- Add all events: there are none yet.
insert into {events} (customer_id, at, identity, landed_at{further_columns})
select customer_id, at, identity, %(window_end)s::timestamptz{further_columns} from arrivals;

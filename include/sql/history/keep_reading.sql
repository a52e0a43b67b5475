-- Record how a run has read the customers.
insert into customer_readings (landing, is_anew)
values (%(landing)s, %(is_anew)s)
on conflict (landing) do update set is_anew = excluded.is_anew;

-- Customers in force before a window's end, and how many of them are no longer in the source.
select
  (select count(*) from in_force where not is_deleted),
  (
    select count(*) from in_force
    where not is_deleted
      and not exists (select from {keys} as present where present.customer_id = in_force.customer_id)
  );

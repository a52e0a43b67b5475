-- A view of a table whose readers block in the middle of it while another session holds the lock.
create function pass(customer_id bigint) returns boolean language plpgsql volatile as $$
begin
  if customer_id = {middle} then
    perform pg_advisory_xact_lock_shared({gate});
  end if;
  return true;
end $$;
create view {view} as select * from {table} where pass(customer_id);

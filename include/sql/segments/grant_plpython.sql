-- Only the warehouse's login may call the functions; it lets others call bi.cluster_customers.
revoke all on schema plpython_kindred from public;
revoke execute on all functions in schema plpython_kindred from public;
grant usage on schema plpython_kindred to {role};
grant execute on all functions in schema plpython_kindred to {role};

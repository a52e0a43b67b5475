-- Look changed customers up by key, for this transaction only: the staged difference has no
-- statistics, and a join that reads the whole generation takes several times as long.
select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);

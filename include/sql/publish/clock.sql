-- The server's time now, not that of the transaction's start.
select clock_timestamp();

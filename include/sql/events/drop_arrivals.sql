-- A view does not end with its transaction.
drop view arrivals;
